"""Time of one inference: every step waits for its busiest core, then for the barrier."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.chip.graph import IntArray
from hwsim.chip import Chip, EventLatencies
from hwsim.engine.trace import Trace
from hwsim.events import chip_steps, idle_active_updates
from hwsim.placement import Placement
from hwsim.routes import Routes

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Latency:
    """Estimated seconds of one inference.

    Args:
        samples_s: [N] each sample's inference.
        core_s: [S, P] the population's busiest core in each chip step, mean over samples.
        compute_s: [S] the chip's busiest core in each step, mean over samples.
        barrier_s: barrier at the end of every step.
    """

    samples_s: FloatArray
    core_s: FloatArray
    compute_s: FloatArray
    barrier_s: float

    @property
    def steps(self) -> int:
        """Chip steps of one inference."""
        return len(self.compute_s)

    @property
    def steps_s(self) -> FloatArray:
        """[S] duration of each chip step, mean over samples."""
        return self.compute_s + self.barrier_s

    @property
    def total_s(self) -> float:
        """One inference, mean over samples."""
        return float(self.samples_s.mean())


def estimate_latency(trace: Trace, placement: Placement, routes: Routes, chip: Chip) -> Latency:
    """Sums, over the chip steps of each sample, the busiest core's time and the barrier.

    t_step = max over cores (updates + synops + messages sent) + barrier
    """
    shape = (trace.samples, chip_steps(trace))
    compute_s = np.zeros(shape)
    core_s = np.zeros((shape[1], len(trace.populations)))
    idle = idle_active_updates(trace)
    for index, depth in enumerate(trace.depth.tolist()):
        block = _Block.of(index, placement, routes)
        busy_s = np.full(shape, _core_time(block, chip.latency, active=idle[index]))
        busy_s[:, depth : depth + trace.time_steps] = _core_time(
            block,
            chip.latency,
            active=trace.active_updates[:, :, index],
            synops=trace.synops[:, :, index],
            spikes=trace.spikes[:, :, index],
        )
        core_s[:, index] = busy_s.mean(axis=0)
        np.maximum(compute_s, busy_s, out=compute_s)
    barrier_s = barrier_time(chip, placement.tiles_used)
    return Latency(
        samples_s=compute_s.sum(axis=1) + shape[1] * barrier_s,
        core_s=core_s,
        compute_s=compute_s.mean(axis=0),
        barrier_s=barrier_s,
    )


def barrier_time(chip: Chip, tiles: int) -> float:
    """Barrier over a number of tiles, on the straight line through the two published points."""
    costs = chip.latency
    least_s, most_s = costs.latency_barrier_min_s.value, costs.latency_barrier_max_s.value
    first, last = costs.barrier_min_tiles.value, costs.barrier_max_tiles.value
    return least_s + (most_s - least_s) * (tiles - first) / (last - first)


@dataclass(frozen=True)
class _Block:
    """A population's busiest core: it gets the rounded-up share of every event."""

    cores: int
    neurons: int
    destinations: int

    @classmethod
    def of(cls, index: int, placement: Placement, routes: Routes) -> "_Block":
        return cls(
            cores=int(placement.cores[index]),
            neurons=-(-int(placement.neurons[index]) // int(placement.cores[index])),
            destinations=int(routes.destinations[index]),
        )


_NONE = np.zeros((), dtype=np.int64)


def _core_time(
    block: _Block,
    costs: EventLatencies,
    active: IntArray,
    synops: IntArray = _NONE,
    spikes: IntArray = _NONE,
) -> FloatArray:
    """Seconds of the block's core for events of its population, one event after another."""
    active_share = -(-active // block.cores)
    messages = -(-spikes // block.cores) * block.destinations
    seconds: FloatArray = (
        active_share * costs.latency_per_update_active_s.value
        + (block.neurons - active_share) * costs.latency_per_update_inactive_s.value
        + -(-synops // block.cores) * costs.latency_per_synop_s.value
        + messages * costs.latency_per_message_s.value
    )
    return seconds
