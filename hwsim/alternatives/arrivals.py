"""Which events reach a projection's synapses within the window of the population behind it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.chip.fanout import fan_out
from export.chip.graph import DenseProjection, IntArray, Projection
from export.chip.timing import delays_of
from hwsim.alternatives.nonzero_fanout import nonzero_fan_out
from hwsim.engine.trace import Trace
from hwsim.errors import SimulationError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Arrivals:
    """Events of a projection's source that arrive over its synapses of one delay.

    Args:
        events: float64 [sources], mean per inference.
        stored: int64 [sources], synapses of that delay, zero weights included.
        nonzero: int64 [sources], those whose weight isn't zero.
    """

    events: FloatArray
    stored: IntArray
    nonzero: IntArray


def arrivals(trace: Trace, projection: Projection) -> Iterator[Arrivals]:
    """Per delay, shortest first, what arrives within the target's window of T steps.

    In windows' time a spike arrives `1 + delay + depth(source) - depth(target)` steps after it was
    fired (`export.chip.timing`): at once on a forward projection, later on feedback, whose last
    spikes fall behind the window and hit nothing.

    Raises:
        SimulationError: the trace holds no counts per neuron of the source.
    """
    counts = neuron_counts(trace, projection.source)
    for delay in delays_of(projection):
        steps = max(len(counts) - _lag(trace, projection, int(delay)), 0)
        yield Arrivals(
            counts[:steps].sum(axis=0) / trace.samples,
            _stored(trace, projection, int(delay)),
            nonzero_fan_out(trace.graph, projection, int(delay)),
        )


def neuron_counts(trace: Trace, source: str) -> IntArray:
    """int64 [T, neurons], how many samples each neuron of a population (or input) fired in.

    Raises:
        SimulationError: the trace holds none.
    """
    if source not in trace.neuron_spikes:
        raise SimulationError(
            f"trace: no counts per neuron of '{source}'. Simulate with count_neurons=True."
        )
    return trace.neuron_spikes[source]


def _lag(trace: Trace, projection: Projection, delay: int) -> int:
    """Steps from a spike to its arrival, in the time of the trace's columns."""
    depth: dict[str, int] = dict(zip(trace.populations, trace.depth.tolist(), strict=True))
    return max(1 + delay + depth.get(projection.source, 0) - depth[projection.target], 0)


def _stored(trace: Trace, projection: Projection, delay: int) -> IntArray:
    if isinstance(projection, DenseProjection) and projection.delay is not None:
        of_delay = np.asarray(projection.delay == delay)
        return np.asarray(of_delay.sum(axis=0), dtype=np.int64)
    return fan_out(trace.graph, projection)
