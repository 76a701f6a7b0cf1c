"""model.golden.nir: inputs and what the frozen network did with them, to check an import against.

A `nir.NIRGraphData` beside model.nir, read by `nir.read_data`. Per node of model.nir one
`nir.NIRNodeData`; a nested graph counts as one node. All data are `nir.TimeGriddedData`, neurons
flattened in C order:

| node | observable | data |
|---|---|---|
| the Input | input | float32 [N, T, n] |
| every spiking node | spikes | bool [N, T, n], or their number where several fall into a step |
| the Output | output | float64 [N, T, classes], the current of each step |

The reference executor computed them in float64, so that a tool running the float32 weights in
float64 shows the very same spikes.
"""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from export.executor import run_graph
from export.graph_order import in_order
from export.nir_metadata import read_facts
from trainers.atomic_file import whole_file

GOLDEN_FILE = "model.golden.nir"
GOLDEN_SAMPLES = 8


def golden_spikes(graph: nir.NIRGraph, inputs: NDArray[Any]) -> nir.NIRGraphData:
    """Runs the samples and lays down what went in and what came out.

    Args:
        graph: frozen, with facts.
        inputs: [N, *shape] for a static input, [N, T, *shape] for a sequence.

    Raises:
        SpikeportError: as `export.executor.run_graph`.
    """
    facts = read_facts(graph)
    run = run_graph(graph, inputs)
    nodes = in_order(graph, unfolded=True, loops=True)
    steps = facts.time_steps
    shown = inputs if facts.input.form == "sequence" else np.repeat(inputs[:, None], steps, axis=1)
    observed: dict[str, tuple[str, NDArray[Any]]] = {
        nodes[0].name: ("input", np.asarray(shown, dtype=np.float32))
    }
    for name, fired in run.spikes.items():
        observed[_outer(name, graph.nodes)] = ("spikes", np.moveaxis(fired, 0, 1))
    observed[nodes[-1].name] = ("output", np.moveaxis(run.outputs, 0, 1))
    return nir.NIRGraphData(
        {
            name: nir.NIRNodeData({kind: _gridded(values, facts.dt_s)})
            for name, (kind, values) in observed.items()
        }
    )


def write_golden(graph: nir.NIRGraph, inputs: NDArray[Any], path: str | Path) -> Path:
    """Writes the file for the first GOLDEN_SAMPLES of `inputs`, whole or not at all.

    Raises:
        FileError: the folder can't be written to, or no space is left.
        SpikeportError: as `golden_spikes`.
    """
    content = io.BytesIO()
    nir.write_data(content, golden_spikes(graph, inputs[:GOLDEN_SAMPLES]))
    with whole_file(Path(path)) as partial:
        partial.write_bytes(content.getvalue())
    return Path(path)


def _gridded(values: NDArray[Any], dt_s: float) -> nir.TimeGriddedData:
    samples, steps = values.shape[:2]
    return nir.TimeGriddedData(np.ascontiguousarray(values.reshape(samples, steps, -1)), dt_s)


def _outer(name: str, nodes: Mapping[str, nir.NIRNode]) -> str:
    """The node of the file, which for a neuron inside a nested graph is that graph.

    nir 1.0.8 can't write data of graphs within graphs, and a nested graph's output is its neuron's.
    """
    return name if name in nodes else name.partition(".")[0]
