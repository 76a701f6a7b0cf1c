"""Simulating a netx file outside a run folder, with inputs from an .npz file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.chip.graph import ChipGraph
from export.chip.netx_read import read_netx
from hwsim.engine.readout import chip_logits
from hwsim.engine.simulate import simulate
from hwsim.engine.trace import IntArray, Trace
from hwsim.engine.trace_file import save_trace
from hwsim.errors import SimulationError
from hwsim.pipeline.simulate_stage import require_input_form, run_backend
from trainers.npz_file import read_npz


def simulate_file(
    net: Path,
    inputs: Path | None,
    chip_name: str,
    backend: str,
    limit: int | None,
    say: Callable[[str], None],
) -> Trace:
    """Runs FILE.net on `chip_inputs` of an .npz file and leaves FILE.trace.npz beside it.

    Raises:
        SimulationError: no inputs were given, or they don't fit the network.
        FileError: a file can't be read.
    """
    if inputs is None:
        raise SimulationError(
            f"{net}: what shall it run on? Add --inputs FILE.npz with an array 'chip_inputs'."
        )
    chip = read_netx(net)
    require_input_form(chip, chip_name)
    arrays = read_npz(inputs, ("chip_inputs",))
    encoded = _integers(inputs, arrays["chip_inputs"])[:limit]
    trace = _run(net, chip, encoded, backend)
    target = net.with_suffix(".trace.npz")
    save_trace(trace, target)
    for index, name in enumerate(trace.populations):
        say(
            f"{name}: {trace.neurons[index]:,} neurons, "
            f"{trace.spikes[:, :, index].sum() / trace.samples:,.1f} spikes and "
            f"{trace.synops[:, :, index].sum() / trace.samples:,.1f} synops per sample"
        )
    if chip.readout is not None:
        say(f"predicted classes: {chip_logits(trace).argmax(axis=1)[:20].tolist()}")
    say(f"trace of {trace.samples} samples: {target}")
    return trace


def _run(net: Path, chip: ChipGraph, encoded: IntArray, backend: str) -> Trace:
    if chip.time_steps is not None:
        return run_backend(net, chip, encoded, backend, progress=False)
    if backend == "lava":
        raise SimulationError(
            f"{net}: names no time steps, so samples can't be kept apart in Lava. Use the "
            "emulator, or a chip.net that spikeport wrote."
        )
    # A file from elsewhere names no window: each sample runs in raw chip time, from zero state.
    return simulate(chip, encoded, reset="none")


def _integers(path: Path, array: NDArray[Any]) -> IntArray:
    if array.dtype.kind not in "iub":
        raise SimulationError(
            f"{path}: 'chip_inputs' holds {array.dtype}, but a chip takes integers (spikes 0/1, "
            "or bias mantissas). Encode them first."
        )
    return array.astype(np.int64)
