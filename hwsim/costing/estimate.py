"""One network on one chip: placed, counted, timed and priced."""

from dataclasses import dataclass, replace

from hwsim.chips.chip import Chip
from hwsim.chips.constant import Bound
from hwsim.costing.energy import Energy, estimate_energy
from hwsim.costing.latency import Latency, core_times, estimate_latency
from hwsim.engine.trace import Trace
from hwsim.events.core_events import CoreEvents
from hwsim.events.count import count_events
from hwsim.placement.place import place
from hwsim.placement.placement import Objective, Placement


@dataclass(frozen=True)
class Estimate:
    """What one inference costs, mean over the trace's samples.

    Args:
        trace: that was costed.
        chip: its prices.
        placement: on the chip's cores.
        events: counted on them.
        latency: of one inference.
        energy: of one inference.
        throttle_s: real-time length that no step goes below; None without.
    """

    trace: Trace
    chip: Chip
    placement: Placement
    events: CoreEvents
    latency: Latency
    energy: Energy
    throttle_s: float | None = None

    @classmethod
    def of(
        cls, trace: Trace, placement: Placement, chip: Chip, throttle_s: float | None = None
    ) -> "Estimate":
        """Counts, times and prices a placed network.

        Raises:
            ChipError: the trace has no counts per neuron.
        """
        events = count_events(trace, placement, chip)
        return cls.priced(trace, placement, events, chip, throttle_s)

    @classmethod
    def priced(
        cls,
        trace: Trace,
        placement: Placement,
        events: CoreEvents,
        chip: Chip,
        throttle_s: float | None = None,
        *,
        by_sample: bool = True,
    ) -> "Estimate":
        """Times and prices counted events; `by_sample` as in `estimate_latency`."""
        latency = estimate_latency(
            trace, events, placement, chip, throttle_s=throttle_s, by_sample=by_sample
        )
        energy = estimate_energy(trace.graph, events, placement, latency, chip)
        return cls(trace, chip, placement, events, latency, energy, throttle_s)

    def at(self, end: Bound) -> "Estimate":
        """With every constant at one end of its range."""
        return self.priced(
            self.trace, self.placement, self.events, self.chip.at(end), self.throttle_s
        )

    def quick_total(self, chip: Chip, events: CoreEvents | None = None) -> float:
        """Total energy at other prices or of other events, with one latency for all samples.

        Only differences between such totals are to be used: they leave out that each sample waits
        for its own busiest core.
        """
        quick = self.priced(
            self.trace,
            self.placement,
            self.events if events is None else events,
            chip,
            self.throttle_s,
            by_sample=False,
        )
        return quick.energy.total

    def pipelined_latency(self) -> Latency:
        """Of one window of T steps with one sample behind the other, every layer busy."""
        events = count_events(self.trace, self.placement, self.chip, pipelined=True)
        return estimate_latency(
            self.trace, events, self.placement, self.chip, throttle_s=self.throttle_s
        )


def estimate(
    trace: Trace,
    chip: Chip,
    *,
    objective: Objective = "fewest-cores",
    chips: int | None = None,
    throttle_s: float | None = None,
) -> Estimate:
    """Places the network for an objective and costs it.

    Args:
        trace: counted events, with counts per neuron; its graph's populations in its own order.
        chip: limits and prices.
        objective: of the placement.
        chips: at most so many; None for as many as it takes.
        throttle_s: real-time length that no step goes below.

    Raises:
        ChipError: the trace has no counts per neuron.
    """
    fewest = place(trace.graph, chip, objective="fewest-cores", chips=chips)
    found = Estimate.of(trace, fewest, chip, throttle_s)
    if objective == "fewest-cores":
        return found
    loads = _loads(found)
    placement = place(trace.graph, chip, objective=objective, chips=chips, loads=loads)
    other = Estimate.of(trace, placement, chip, throttle_s)
    if objective == "lowest-latency" and other.latency.total_s >= found.latency.total_s:
        # More cores lie on more tiles, and cost a small network more at the barrier than they save.
        return Estimate.of(trace, replace(fewest, objective=objective), chip, throttle_s)
    return other


def _loads(estimate: Estimate) -> dict[str, float]:
    """Seconds of work of each population in its busiest step, if one core did all of it."""
    busy = core_times(estimate.events, estimate.chip).busy(estimate.chip)
    placement = estimate.placement
    return {
        name: float(busy[:, placement.cores_of(index)].sum(axis=1).max())
        for index, name in enumerate(placement.populations)
    }
