"""Traces as array files (`trace.npz`).

| array | dtype, shape |
|---|---|
| `format` | int64 (), 2 |
| `populations` | text [P], names in topological order |
| `neurons`, `depth` | int64 [P] |
| `input_writes` | int64 (), 1 or T |
| `spikes`, `synops`, `active_updates`, `messages`, `saturations`, `wraps` | int64 [N, T, P] |
| `readout` | int64 [N, classes], [N, 0] without a readout population |
| `output_spikes` | int64 [N, neurons of the last population] |
| `readout_steps` | int64 [N, T, classes], if the network's readout weights its steps |
| `u/NAME`, `v/NAME` | int32 [n, T, *shape] of population NAME, if recorded, for n of the samples |
| `s/NAME` | uint8 [n, T, *shape], if recorded |
| `spikes_of/NAME` | [T, neurons] of population or external input NAME, if counted by neuron |
| `active_of/NAME` | [T, neurons] of population NAME, if counted by neuron |

Counts by neuron are uint8, uint16 or uint32, the first that holds their largest value, else int64.
See `hwsim.engine.trace.Trace` for what the arrays mean. The graph isn't in the file.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.chip.graph import ChipGraph
from export.chip.timing import timing_of
from hwsim.engine.neuron_counts import is_neuron_count, neuron_count_arrays, neuron_counts
from hwsim.engine.tally import KEPT_TYPES
from hwsim.engine.trace import COUNTS, Trace
from trainers.errors import FileError
from trainers.npz_file import read_npz, write_npz

FORMAT = 2
"""A trace of another one is made again, not read."""

PLAIN = (
    "format", "populations", "neurons", "depth", "input_writes", "readout", "output_spikes",
)  # fmt: skip
"""Arrays of every trace beside its counts."""

Arrays = dict[str, NDArray[Any]]


def save_trace(trace: Trace, path: Path) -> None:
    """Writes the trace; `path` appears only when the file is complete.

    Raises:
        FileError: the folder can't be written to, or no space is left.
    """
    arrays: Arrays = {
        "format": np.array(FORMAT),
        "populations": np.array(trace.populations),
        "neurons": trace.neurons,
        "depth": trace.depth,
        "input_writes": np.array(trace.input_writes),
        "readout": trace.readout,
        "output_spikes": trace.output_spikes,
    }
    if trace.readout_steps is not None:
        arrays["readout_steps"] = trace.readout_steps
    arrays |= {name: getattr(trace, name) for name in COUNTS}
    for population, states in trace.recordings.items():
        arrays |= {f"{key}/{population}": values for key, values in states.items()}
    arrays |= neuron_count_arrays(trace)
    write_npz(path, arrays)


def load_trace(path: Path, graph: ChipGraph) -> Trace:
    """Reads a trace of `graph`.

    Raises:
        FileError: the file is missing, truncated, no trace or one of another format, belongs to
            another network, or contradicts itself.
    """
    arrays = read_npz(path)
    _check_kinds(path, arrays)
    order = timing_of(graph).order
    stored = tuple(str(name) for name in arrays["populations"].reshape(-1))
    if stored != order:
        raise FileError(
            f"{path}: a trace of populations {_spell(stored)}, but the network has "
            f"{_spell(order)}. Simulate this network again."
        )
    _check_shapes(path, arrays, graph, order)
    _check_readout_steps(path, arrays, graph)
    neuron_spikes, neuron_active = neuron_counts(path, arrays, graph, order)
    return Trace(
        graph=graph,
        populations=order,
        neurons=arrays["neurons"],
        depth=arrays["depth"],
        **{name: arrays[name] for name in COUNTS},
        readout=arrays["readout"],
        output_spikes=arrays["output_spikes"],
        readout_steps=arrays.get("readout_steps"),
        recordings={
            name: {key: arrays[f"{key}/{name}"] for key in "suv" if f"{key}/{name}" in arrays}
            for name in order
            if any(f"{key}/{name}" in arrays for key in "suv")
        },
        neuron_spikes=neuron_spikes,
        neuron_active=neuron_active,
        input_writes=int(arrays["input_writes"]),
    )


def _check_kinds(path: Path, arrays: Arrays) -> None:
    if "format" in arrays and not np.array_equal(arrays["format"], FORMAT):
        raise FileError(f"{path}: isn't a trace of format {FORMAT}. Simulate again.")
    for name in (*PLAIN, *COUNTS):
        if name not in arrays:
            raise FileError(f"{path}: no array '{name}', so it is no trace. Simulate again.")
    for name, array in arrays.items():
        if is_neuron_count(name):
            continue
        kept = KEPT_TYPES.get(name[0]) if name[1:2] == "/" else None
        wrong = (
            array.dtype.kind != "U" if name == "populations" else array.dtype != (kept or np.int64)
        )
        if wrong:
            raise FileError(f"{path}: array '{name}' has dtype {array.dtype}. Simulate again.")


def _check_shapes(path: Path, arrays: Arrays, graph: ChipGraph, order: tuple[str, ...]) -> None:
    for name, expected in _expected_shapes(arrays, graph, order).items():
        if name not in arrays or arrays[name].shape != expected:
            found = arrays[name].shape if name in arrays else "nothing"
            raise FileError(
                f"{path}: array '{name}' has shape {found}, expected {expected}. Simulate again."
            )
    writes, steps = int(arrays["input_writes"]), arrays["spikes"].shape[1]
    if writes not in (1, steps):
        raise FileError(
            f"{path}: array 'input_writes' holds {writes}, expected 1 or the {steps} steps. "
            "Simulate again."
        )
    sizes = [graph.population(name).neurons for name in order]
    if arrays["neurons"].tolist() != sizes:
        raise FileError(
            f"{path}: a trace of {arrays['neurons'].tolist()} neurons, but the network has "
            f"{sizes}. Simulate this network again."
        )


def _check_readout_steps(path: Path, arrays: Arrays, graph: ChipGraph) -> None:
    if "readout_steps" not in arrays:
        return
    if all(readout.weights is None for readout in graph.readouts):
        raise FileError(
            f"{path}: holds readout voltages per step, but the network doesn't weight its steps. "
            "Simulate this network again."
        )
    if not np.array_equal(arrays["readout_steps"][:, -1:], arrays["readout"][:, None]):
        raise FileError(
            f"{path}: array 'readout_steps' doesn't end in the voltages of 'readout'. "
            "Simulate again."
        )


def _expected_shapes(
    arrays: Arrays, graph: ChipGraph, order: tuple[str, ...]
) -> dict[str, tuple[int, ...]]:
    samples, steps = (*arrays["spikes"].shape, 0, 0)[:2]
    classes = sum(graph.population(readout.population).neurons for readout in graph.readouts)
    shapes: dict[str, tuple[int, ...]] = {
        "neurons": (len(order),),
        "depth": (len(order),),
        "input_writes": (),
        "readout": (samples, classes),
        "output_spikes": (samples, graph.population(order[-1]).neurons),
    }
    if any(readout.weights is not None for readout in graph.readouts):
        shapes["readout_steps"] = (samples, steps, classes)
    shapes |= {name: (samples, steps, len(order)) for name in COUNTS}
    for name in order:
        kept = [f"{key}/{name}" for key in "suv" if f"{key}/{name}" in arrays]
        rows = arrays[kept[0]].shape[0] if kept and arrays[kept[0]].ndim else samples
        shapes |= {key: (min(rows, samples), steps, *graph.population(name).shape) for key in kept}
    return shapes


def _spell(names: tuple[str, ...]) -> str:
    return ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
