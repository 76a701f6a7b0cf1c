"""Runs a chip graph on whole batches, layer by layer over all steps at once.

Bit-exact to Lava's fixed-point CPU models. A graph without loops over several populations needs
no walk through time except in the neurons: a population's synaptic sums over all steps are one
matrix product of what its sources sent.
"""

from collections.abc import Callable

import torch

from export.chip.check_graph import check_graph
from export.chip.graph import ChipGraph, IntArray
from hwsim.engine.batch_run import batch_plan, batches, run_batch
from hwsim.engine.drive import ResetRule, drive_of
from hwsim.engine.schedule import refuse_misaligned, schedule_of
from hwsim.engine.tally import Tally
from hwsim.engine.trace import Trace
from hwsim.errors import SimulationError


def simulate(
    graph: ChipGraph,
    inputs: IntArray,
    *,
    reset: ResetRule = "staggered",
    steps: int | None = None,
    record: bool = False,
    batch_size: int | None = None,
    device: str = "cpu",
    on_batch: Callable[[int], None] | None = None,
) -> Trace:
    """Emulates the chip.

    With reset `staggered`, each sample starts from zero and each population works on it for its
    own window of T steps, as samples laid end to end do under netx's `reset_interval`; the lag
    between populations doesn't show. A population that feeds itself starts from silence: on the
    chip that takes one idle step between samples, since a reset doesn't recall spikes under way.

    With reset `none`, columns of the trace are the chip's own steps 1, 2, ...: nothing is reset,
    every projection takes one step, and biases charge every population from step 1.

    Args:
        graph: the network.
        inputs: integers. Form `bias`: [N, *shape], the same at every step, or [N, T, *shape].
            Forms `spikes` (0 and 1) and `graded` (payloads): [N, T, *shape].
        reset: what keeps samples apart.
        steps: T, where neither the graph nor the inputs say it; with reset `none` it may exceed
            the steps of the given spikes, which silence follows.
        record: keep u, v and s of every neuron and step (24 bytes each).
        batch_size: samples computed at once; None lets memory decide.
        device: where torch computes.
        on_batch: called after each batch with the number of samples done so far.

    Raises:
        InvalidGraph: shapes in the graph contradict each other.
        SimulationError: inputs or graph can't be simulated as asked, or the readout fired,
            saturated or wrapped, so that its voltage is no logit.
    """
    check_graph(graph)
    _check_device(device)
    drive = drive_of(graph, inputs, reset, steps)
    schedule = schedule_of(graph)
    if reset == "staggered":
        refuse_misaligned(graph, schedule)
    lag = 0 if reset == "staggered" else 1
    plan = batch_plan(graph, schedule, drive, lag=lag, device=device, record=record)
    tally = Tally.empty(graph, schedule, drive, lag=lag, record=record)
    with torch.inference_mode():
        for part in batches(plan, batch_size):
            run_batch(plan, part, tally)
            if on_batch is not None:
                on_batch(part.stop)
    return tally.trace()


def _check_device(device: str) -> None:
    try:
        torch.zeros(1, dtype=torch.float64, device=device)
    except (RuntimeError, AssertionError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise SimulationError(f"device '{device}': {reason}. Use 'cpu'.") from error
