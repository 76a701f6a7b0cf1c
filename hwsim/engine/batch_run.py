"""All populations of a graph for one batch of samples, and all batches on all cores."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hwsim.engine.batch_plan import BatchPlan, batches
from hwsim.engine.group_run import Member, run_group
from hwsim.engine.synop_count import count_events
from hwsim.engine.tally import Tally


def run_batches(
    plan: BatchPlan, tally: Tally, batch_size: int | None, on_batch: Callable[[int], None] | None
) -> None:
    """Computes every sample; batches run side by side, one core each, and are reported in order.

    Raises:
        SimulationError: the readout's voltage is no logit, or a product is inexact.
    """
    cores = torch.get_num_threads() if plan.device == "cpu" else 1
    parts = list(batches(plan, batch_size, cores))
    # The last batch may be smaller, and a library may compute it otherwise.
    proving = list({part.stop - part.start: part for part in reversed(parts)}.values())
    if cores == 1 or len(parts) == 1:
        for part in parts:
            _run_batch(plan, part, _read(plan, part), tally, prove=part in proving)
            _report(on_batch, part)
        return
    with _one_thread_each(), ThreadPoolExecutor(cores, "emulator") as pool:
        waiting: deque[tuple[slice, Future[None]]] = deque()
        try:
            for part in parts:
                values, prove = _read(plan, part), part in proving
                future = pool.submit(_run_batch, plan, part, values, tally, prove=prove)
                waiting.append((part, future))
                # So few ahead that memory stays bounded by the cores, whatever the test set.
                if len(waiting) > cores:
                    _finish(waiting, on_batch)
            while waiting:
                _finish(waiting, on_batch)
        finally:
            for _, future in waiting:
                future.cancel()


def _finish(
    waiting: deque[tuple[slice, Future[None]]], on_batch: Callable[[int], None] | None
) -> None:
    part, future = waiting.popleft()
    future.result()
    _report(on_batch, part)


def _report(on_batch: Callable[[int], None] | None, part: slice) -> None:
    if on_batch is not None:
        on_batch(part.stop)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _read(plan: BatchPlan, part: slice) -> NDArray[Any]:
    """A batch's inputs. By one thread only: they may come from a file that is read in turn."""
    return np.asarray(plan.drive.values[part])


@torch.inference_mode()
def _run_batch(
    plan: BatchPlan, part: slice, values: NDArray[Any], tally: Tally, *, prove: bool
) -> None:
    """Computes the samples of `part`, group by group, and enters what happened."""
    events: dict[str, Tensor] = {}
    if plan.graph.input.form != "bias":
        sent = events[plan.graph.input.name] = plan.drive.events(values, plan.device)
        if plan.count_neurons:
            tally.enter_input(torch.count_nonzero(sent, dim=1))
    for group in plan.groups:
        biases = {member.name: _bias(plan, member, values) for member in group}
        samples = part.stop - part.start
        runs = run_group(group, events, biases, plan.drive.steps, samples, plan.device)
        for name, run in runs.items():
            events[name] = run.advance.spikes
            tally.enter(name, part, run)
        if prove:
            _prove(group, events, plan.drive.steps)


def _bias(plan: BatchPlan, member: Member, values: NDArray[Any]) -> Tensor:
    driven = plan.graph.input
    if driven.form == "bias" and driven.name == member.name:
        return plan.drive.biases(values, plan.device)
    return member.parameters.bias.view(1, 1, -1)


def _prove(group: tuple[Member, ...], events: dict[str, Tensor], steps: int) -> None:
    """Proves each product in the shape in which it ran: over all steps, in loops step by step."""
    for member in group:
        for feed in member.outside:
            sent = events[feed.source]
            sent = sent if len(sent) == 1 else sent[: max(1, steps - feed.lag)]
            feed.synapses.prove(sent.flatten(0, 1))
        for feed in member.inside:
            sent = events[feed.source]
            loudest = int(count_events(sent.flatten(1)).argmax())
            feed.synapses.prove(sent[loudest])
