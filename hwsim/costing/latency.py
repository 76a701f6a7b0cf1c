"""Time of one inference: every step waits for its busiest core, then for the barrier.

    t_step = max(busiest core, busiest link / bandwidth) + barrier(tiles)

and with a real-time throttle no step is shorter than that. A core's work in a step is either done
one after another (`serial`) or it receives while it sends (`overlapped`), as the chip file says.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwsim.chips.chip import Chip
from hwsim.engine.trace import Trace
from hwsim.events.core_events import CoreEvents
from hwsim.placement.placement import Placement

FloatArray = NDArray[np.float64]

SAMPLES_AT_ONCE = 4096
"""Samples whose cores are compared at once; bounds memory, whatever the test set."""


@dataclass(frozen=True)
class CoreTimes:
    """Seconds of each kind of work on every core in every step, [S, K], mean over samples.

    Args:
        floor: updating every neuron as if inactive.
        active: what active updates take beyond that.
        spikes: of neurons that fire.
        messages_out: sent.
        messages_in: received.
        synops: synaptic operations.
    """

    floor: FloatArray
    active: FloatArray
    spikes: FloatArray
    messages_out: FloatArray
    messages_in: FloatArray
    synops: FloatArray

    @property
    def updates(self) -> FloatArray:
        """All neuron updates."""
        return self.floor + self.active

    @property
    def sending(self) -> FloatArray:
        """Updates, spikes and messages out, one after another."""
        return self.updates + self.spikes + self.messages_out

    @property
    def receiving(self) -> FloatArray:
        """Messages in and synaptic operations, one after another."""
        return self.messages_in + self.synops

    def busy(self, chip: Chip) -> FloatArray:
        """[S, K] seconds until a core has done its work of the step."""
        return together(chip, self.sending, self.receiving)


@dataclass(frozen=True)
class Latency:
    """Estimated seconds of one inference.

    Args:
        samples_s: [N] each sample's inference.
        cores: work of each core in each step, mean over samples.
        core_s: [S, K] the core's time in each step, mean over samples.
        steps_s: [S] duration of each step, mean over samples, barrier and throttle included.
        link_s: [S] time of the busiest link between tiles, mean over samples.
        barrier_s: barrier at the end of every step.
    """

    samples_s: FloatArray
    cores: CoreTimes
    core_s: FloatArray
    steps_s: FloatArray
    link_s: FloatArray
    barrier_s: float

    @property
    def steps(self) -> int:
        """Chip steps of one inference."""
        return len(self.steps_s)

    @property
    def total_s(self) -> float:
        """One inference, mean over samples."""
        return float(self.samples_s.mean())

    @property
    def link_bound_steps(self) -> int:
        """Steps in which the busiest link takes longer than the busiest core."""
        return int((self.link_s > self.core_s.max(axis=1)).sum())


def estimate_latency(
    trace: Trace,
    events: CoreEvents,
    placement: Placement,
    chip: Chip,
    *,
    throttle_s: float | None = None,
    by_sample: bool = True,
) -> Latency:
    """Times of every sample, where the step of each is set by its own busiest core.

    How a population's events of a step fall on its cores is known over all samples together;
    that share is taken for each sample, so a core's mean is exact and its spread follows its
    population's.

    Args:
        trace: counts per sample and population.
        events: counts per core of the same trace and placement; of pipelined ones each sample is
            taken to follow others like it.
        placement: of the network.
        chip: says what events take.
        throttle_s: real-time length that no step goes below.
        by_sample: look for each sample's own busiest core; else for that of the mean over
            samples, which is quicker and never longer.
    """
    times = core_times(events, chip)
    barrier_s = barrier_time(chip, placement)
    link_s = events.link_messages / events.samples / chip.latency.link_messages_per_s.value
    parts = (
        _busiest_by_sample(trace, times, placement, chip)
        if by_sample
        else iter([times.busy(chip).max(axis=1)[None]])
    )
    samples_s, steps_s, seen = [], np.zeros(events.steps), 0
    for busiest in parts:
        step_s = np.maximum(np.maximum(busiest, link_s) + barrier_s, throttle_s or 0.0)
        samples_s.append(step_s.sum(axis=1))
        steps_s += step_s.sum(axis=0)
        seen += len(step_s)
    return Latency(
        samples_s=np.concatenate(samples_s),
        cores=times,
        core_s=times.busy(chip),
        steps_s=steps_s / seen,
        link_s=link_s,
        barrier_s=barrier_s,
    )


def core_times(events: CoreEvents, chip: Chip) -> CoreTimes:
    """Seconds of each kind of work, mean over samples."""
    costs, samples = chip.latency, events.samples
    synops = np.zeros(events.spikes.shape)
    for form, counted in events.synops.items():
        synops += counted * getattr(costs, f"latency_per_synop_{form}_s").value
    inactive_s = costs.latency_per_update_inactive_s.value
    extra_s = costs.latency_per_update_active_s.value - inactive_s
    return CoreTimes(
        floor=(events.active_updates + events.inactive_updates) * inactive_s / samples,
        active=events.active_updates * extra_s / samples,
        spikes=events.spikes * costs.latency_per_spike_s.value / samples,
        messages_out=events.messages_out * costs.latency_per_message_out_s.value / samples,
        messages_in=events.messages_in * costs.latency_per_message_in_s.value / samples,
        synops=synops / samples,
    )


def barrier_time(chip: Chip, placement: Placement) -> float:
    """Barrier at the end of a step: by tiles on one chip, by chips on several."""
    factor = chip.latency.barrier_factor.value
    if placement.chips_used > 1:
        return factor * chip.latency.barrier_chips.value.at(placement.chips_used)
    return factor * chip.latency.barrier.value.at(placement.tiles_used)


def together(chip: Chip, sending: FloatArray, receiving: FloatArray) -> FloatArray:
    """Time of sending and receiving on one core, one after the other or side by side."""
    if chip.latency.work.value == "serial":
        return sending + receiving
    return np.maximum(sending, receiving)


def _busiest_by_sample(
    trace: Trace, times: CoreTimes, placement: Placement, chip: Chip
) -> Iterator[FloatArray]:
    """[n, S] seconds of the busiest core of each sample and step, for samples in turn."""
    steps = len(times.floor)
    rolled = steps < trace.time_steps + int(trace.depth.max())
    kinds = (trace.active_updates, trace.spikes, trace.synops)
    means = [counts.mean(axis=0) for counts in kinds]
    for first in range(0, trace.samples, SAMPLES_AT_ONCE):
        part = slice(first, min(first + SAMPLES_AT_ONCE, trace.samples))
        shares = [_in_proportion(c[part], mean) for c, mean in zip(kinds, means, strict=True)]
        busiest = np.zeros((part.stop - first, steps))
        for index, depth in enumerate(trace.depth.tolist()):
            cores = placement.cores_of(index)
            own = [share[:, :, index] for share in shares]
            for step in range(steps):
                window_step = (step - depth) % steps if rolled else step - depth
                busy = _population_busy(times, chip, cores, step, own, window_step)
                np.maximum(busiest[:, step], busy, out=busiest[:, step])
        yield busiest


def _population_busy(
    times: CoreTimes, chip: Chip, cores: slice, step: int, shares: list[FloatArray], own: int
) -> FloatArray:
    """[n] seconds of a population's busiest core in a chip step, step `own` of its window."""
    if not 0 <= own < shares[0].shape[1]:
        at_rest = together(chip, times.sending[step, cores], times.receiving[step, cores])
        return np.full(len(shares[0]), at_rest.max())
    updating, firing, receiving = (share[:, own] for share in shares)
    sent = (
        times.floor[step, cores]
        + np.multiply.outer(updating, times.active[step, cores])
        + np.multiply.outer(firing, (times.spikes + times.messages_out)[step, cores])
    )
    received = np.multiply.outer(receiving, times.receiving[step, cores])
    busy: FloatArray = together(chip, sent, received).max(axis=1)
    return busy


def _in_proportion(counts: NDArray[np.int64], mean: FloatArray) -> FloatArray:
    """[n, T, P] each sample's count over the mean of all samples; 0 where all are 0."""
    shares = np.zeros(counts.shape)
    np.divide(counts, mean, out=shares, where=mean > 0)
    return shares
