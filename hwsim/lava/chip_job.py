"""Chip graphs and chip files as jobs for Lava, with what keeps their samples apart."""

from pathlib import Path
from typing import Literal

import numpy as np

from export.chip.check_graph import check_graph
from export.chip.chip_file import holds_graph
from export.chip.graph import ChipGraph, DenseProjection, IntArray
from export.chip.timing import misalignment, timing_of
from hwsim.errors import LavaError
from hwsim.lava.job import LavaJob

Reset = Literal["staggered", "none"]
GRADED_BITS = 8
"""What netx's `input_message_bits` is for payloads; any number but 0 means the same."""


def graph_job(
    graph: ChipGraph,
    inputs: IntArray,
    *,
    reset: Reset,
    steps: int | None = None,
    name: Path = Path("chip graph"),
) -> LavaJob:
    """A chip graph as a job.

    Args:
        graph: any directed graph.
        inputs: as the emulator takes them: [N, T, *shape], or [N, *shape], the same at every step.
        reset: `staggered`: each population has its own window, all start from zero; `none`: the
            chip's own steps, each sample from zero.
        steps: T where neither the graph nor the inputs say it; with `none` it may exceed the
            inputs' steps.
        name: of the graph in messages, its file's path for instance.

    Raises:
        InvalidGraph: shapes in the graph contradict each other.
        LavaError: with `staggered`, spikes would reach another sample's window; or the number of
            steps is unclear.
    """
    check_graph(graph)
    names = tuple(population.name for population in graph.populations)
    bits = GRADED_BITS if graph.input.form == "graded" else 0
    window = _window(graph, inputs, reset, steps, name)
    inputs = _at_every_step(graph, inputs, window)
    opens = _opens(graph, reset, name)
    time_steps, steps = (window, None) if reset == "staggered" else (None, window)
    return LavaJob(
        name, inputs, reset, time_steps, steps,
        input_message_bits=bits, opens=opens, graph=graph, populations=names,
    )  # fmt: skip


def file_job(
    net: Path,
    chip: ChipGraph,
    inputs: IntArray,
    *,
    reset: Reset = "staggered",
    steps: int | None = None,
    num_layers: int | None = None,
) -> LavaJob:
    """A chip file, from which `chip` was read, as a job: netx reads a netx file itself.

    Chains whose spikes take one step run end to end under netx's own resets; with delays or
    feedback, and without resets, samples run isolated.

    Args:
        net: the file, netx or a chip graph's.
        chip: what was read from it.
        inputs: as for `graph_job`.
        reset: as for `graph_job`.
        steps: as for `graph_job`.
        num_layers: of a netx file's layers, how many were read.

    Raises:
        InvalidGraph: shapes in the graph contradict each other.
        LavaError: as for `graph_job`.
        FileError: it is no chip file.
    """
    job = graph_job(chip, inputs, reset=reset, steps=steps, name=net)
    if holds_graph(net):
        return job
    simple = reset == "staggered" and not _spikes_outlast_resets(chip)
    return LavaJob(
        net, job.inputs, reset, job.time_steps, job.steps, num_layers,
        input_message_bits=job.input_message_bits, opens=None if simple else job.opens,
        populations=job.populations,
    )  # fmt: skip


def _window(graph: ChipGraph, inputs: IntArray, reset: Reset, steps: int | None, name: Path) -> int:
    held = inputs.ndim == 1 + len(graph.input.shape)
    given = None if held else int(inputs.shape[1])
    stated = (graph.time_steps, steps, given) if reset == "staggered" else (
        steps, given, graph.time_steps
    )  # fmt: skip
    known = [count for count in stated if count is not None]
    if not known:
        raise LavaError(
            f"{name}: inputs are constant, and neither the graph nor `steps` says for how many "
            "steps. Give steps."
        )
    return known[0]


def _at_every_step(graph: ChipGraph, inputs: IntArray, window: int) -> IntArray:
    """Spikes and payloads [N, T, *shape]: the worker holds only biases by itself."""
    if graph.input.form == "bias" or inputs.ndim > 1 + len(graph.input.shape):
        return inputs
    samples, *shape = inputs.shape
    return np.broadcast_to(inputs[:, None], (samples, window, *shape))


def _opens(graph: ChipGraph, reset: Reset, name: Path) -> tuple[int, ...]:
    if reset == "none":
        return (0,) * len(graph.populations)
    timing = timing_of(graph)
    reason = misalignment(graph, timing)
    if reason is not None:
        raise LavaError(f"{name}: {reason}.")
    return tuple(timing.depth[population.name] for population in graph.populations)


def _spikes_outlast_resets(chip: ChipGraph) -> bool:
    """Whether spikes under way can reach the next sample when samples run end to end."""
    delayed = any(
        isinstance(p, DenseProjection) and p.delay is not None and p.delay.any()
        for p in chip.projections
    )
    return delayed or bool(timing_of(chip).feedback)
