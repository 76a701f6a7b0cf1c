"""Runs a chip graph on whole batches, layer by layer over all steps at once.

Bit-exact to Lava's fixed-point CPU models. Without loops nothing but the neurons walks through
time: a population's synaptic sums over all steps are one product of what its sources sent.
"""

from collections.abc import Callable

import torch

from export.chip.check_graph import check_graph
from export.chip.graph import ChipGraph
from export.chip.timing import Timing, misalignment, timing_of
from hwsim.engine.batch_plan import batch_plan
from hwsim.engine.batch_run import run_batches
from hwsim.engine.drive import ChipInputs, ResetRule, drive_of
from hwsim.engine.recording import Allocate, Recording, checked_recording, in_memory
from hwsim.engine.tally import Tally
from hwsim.engine.trace import Trace
from hwsim.errors import SimulationError


def simulate(
    graph: ChipGraph,
    inputs: ChipInputs,
    *,
    reset: ResetRule = "staggered",
    steps: int | None = None,
    record: bool | Recording = False,
    count_neurons: bool = False,
    batch_size: int | None = None,
    device: str = "cpu",
    on_batch: Callable[[int], None] | None = None,
    allocate: Allocate = in_memory,
) -> Trace:
    """Emulates the chip.

    With reset `staggered`, each sample starts from zero and each population works on it for its
    own window of T steps, as samples laid end to end do under netx's `reset_interval`; the lag
    between populations doesn't show. A loop starts from silence: on the chip that takes the
    spikes under way to be cleared between samples, since a reset doesn't recall them.

    With reset `none`, columns of the trace are the chip's own steps 1, 2, ...: nothing is reset,
    every projection takes one step, and biases charge every population from step 1. Thresholds that
    change from step to step belong to windows, which there are none of then.

    Args:
        graph: the network.
        inputs: integers, in an array or read as they are sliced. [N, T, *shape], or [N, *shape]
            where every step gets the same. Form `bias`: mantissas; `spikes`: 0 and 1; `graded`:
            payloads.
        reset: what keeps samples apart.
        steps: T, where neither the graph nor the inputs say it; with reset `none` it may exceed
            the steps of the given spikes, which silence follows.
        record: keep states of neurons: all of them (9 bytes per neuron and step), or what a
            `Recording` names.
        count_neurons: count spikes and active updates of each neuron too, over all samples, which
            costing needs (16 bytes per neuron and step).
        batch_size: samples computed at once; None lets memory decide.
        device: where torch computes.
        on_batch: called after each batch with the number of samples done so far.
        allocate: makes the result's arrays, in memory or mapped from files.

    Raises:
        InvalidGraph: shapes in the graph contradict each other.
        SimulationError: inputs or graph can't be simulated as asked, or the readout fired,
            saturated or wrapped, so that its voltage is no logit.
    """
    check_graph(graph)
    _check_device(device)
    drive = drive_of(graph, inputs, reset, steps)
    timing = timing_of(graph)
    chip_time = reset == "none"
    if chip_time:
        _refuse_schedules(graph)
    else:
        _refuse_misaligned(graph, timing)
    recording = checked_recording(record, graph, drive.samples)
    plan = batch_plan(
        graph,
        timing,
        drive,
        recording,
        chip_time=chip_time,
        device=device,
        count_neurons=count_neurons,
    )
    tally = Tally.empty(
        graph,
        timing,
        drive,
        recording,
        allocate,
        chip_time=chip_time,
        count_neurons=count_neurons,
    )
    run_batches(plan, tally, batch_size, on_batch)
    return tally.trace()


def _refuse_schedules(graph: ChipGraph) -> None:
    for name in graph.scheduled:
        raise SimulationError(
            f"population '{name}': its threshold changes with the step of its own window, and "
            "reset 'none' knows no windows. Run with reset 'staggered'."
        )


def _refuse_misaligned(graph: ChipGraph, timing: Timing) -> None:
    fault = misalignment(graph, timing)
    if fault is not None:
        raise SimulationError(f"chip graph, {fault}, or run with reset 'none'.")


def _check_device(device: str) -> None:
    try:
        torch.zeros(1, dtype=torch.float64, device=device)
    except (RuntimeError, AssertionError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise SimulationError(f"device '{device}': {reason}. Use 'cpu'.") from error
