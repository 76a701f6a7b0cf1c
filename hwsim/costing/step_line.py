"""The longest chip step on its busiest cores, as a time line."""

import numpy as np

from hwsim.costing.estimate import Estimate
from hwsim.report.chip_cost import CoreLine, Segment, StepLine

SHOWN_CORES = 8

SENDING = (("floor", "neuron updates"), ("active", "active updates"), ("spikes", "spikes"),
           ("messages_out", "messages out"))  # fmt: skip
RECEIVING = (("messages_in", "messages in"), ("synops", "synaptic operations"))


def step_line(estimate: Estimate) -> StepLine:
    """Work of each kind on the busiest cores of the longest step, mean over samples.

    Where a chip's cores receive while they send, both start with the step.
    """
    latency = estimate.latency
    step = int(latency.steps_s.argmax())
    cores = np.argsort(-latency.core_s[step], kind="stable")[:SHOWN_CORES]
    return StepLine(
        step=step + 1,
        length_s=float(latency.steps_s[step]),
        barrier_s=latency.barrier_s,
        cores=tuple(_core_line(estimate, step, int(core)) for core in cores),
    )


def _core_line(estimate: Estimate, step: int, core: int) -> CoreLine:
    population = int(estimate.placement.population_of[core])
    sent = _segments(estimate, SENDING, step, core, 0.0)
    serial = estimate.chip.latency.work.value == "serial"
    begin = sent[-1].start_s + sent[-1].seconds if serial and sent else 0.0
    return CoreLine(
        core=core,
        layer=estimate.placement.populations[population],
        segments=(*sent, *_segments(estimate, RECEIVING, step, core, begin)),
    )


def _segments(
    estimate: Estimate, kinds: tuple[tuple[str, str], ...], step: int, core: int, start_s: float
) -> tuple[Segment, ...]:
    found = []
    for kind, work in kinds:
        seconds = float(getattr(estimate.latency.cores, kind)[step, core])
        if seconds > 0:
            found.append(Segment(work=work, start_s=start_s, seconds=seconds))
            start_s += seconds
    return tuple(found)
