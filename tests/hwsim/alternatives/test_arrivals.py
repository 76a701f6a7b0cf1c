"""Which spikes still reach their synapses: feedback and delays on paper, and in the emulator."""

from dataclasses import replace

import numpy as np
import pytest

from export.chip.graph import ChipGraph, ChipInput, DenseProjection
from hwsim.alternatives.arrivals import arrivals
from hwsim.engine.simulate import simulate
from hwsim.errors import SimulationError
from tests.cost_example import fired_trace, population
from tests.hwsim.alternatives.toy import toy_graph, toy_trace


def test_forward_spikes_all_arrive() -> None:
    """Means per inference of two samples."""
    trace = toy_trace()
    (part,) = arrivals(trace, trace.graph.projections[0])
    assert part.events.tolist() == [1.5, 1.0, 0.0]
    assert part.stored.tolist() == [2, 2, 2]
    assert part.nonzero.tolist() == [2, 1, 1]


def test_feedback_loses_the_last_steps_by_its_delays() -> None:
    """Without delay the last of 3 steps goes astray, with a delay of 1 the last two."""
    delay = np.array([[0, 1], [1, 1]])
    loop = DenseProjection("a", "a", np.array([[2, 2], [0, 2]]), delay)
    graph = ChipGraph(ChipInput("a", "bias", (2,)), (population("a", (2,)),), (loop,), time_steps=3)
    trace = fired_trace(graph, {"a": np.array([[[1, 1], [1, 0], [0, 1]]])})
    short, long = arrivals(trace, loop)
    assert short.events.tolist() == [2, 1]
    assert short.stored.tolist() == short.nonzero.tolist() == [1, 0]
    assert long.events.tolist() == [1, 1]
    assert long.stored.tolist() == [1, 2]
    assert long.nonzero.tolist() == [0, 2]


@pytest.mark.parametrize("reset", ["staggered", "none"])
def test_arrivals_add_up_to_the_emulators_synops(reset: str) -> None:
    """A loop with delays, run: events times stored synapses are what was counted per population."""
    rng = np.random.default_rng(5)
    graph = ChipGraph(
        input=ChipInput("in", "spikes", (6,)),
        populations=(population("a", (5,), threshold=40), population("b", (4,), threshold=40)),
        projections=(
            DenseProjection("in", "a", rng.integers(-20, 60, (5, 6)) * 2),
            DenseProjection("a", "b", rng.integers(-20, 60, (4, 5)) * 2),
            DenseProjection("b", "a", rng.integers(-9, 20, (5, 4)) * 2, rng.integers(0, 3, (5, 4))),
        ),
        time_steps=7,
    )
    inputs = rng.integers(0, 2, (9, 7, 6))
    trace = simulate(graph, inputs, reset=reset, count_neurons=True)  # type: ignore[arg-type]
    for name in ("a", "b"):
        arrived = sum(
            part.events @ part.stored
            for projection in graph.incoming(name)
            for part in arrivals(trace, projection)
        )
        counted = trace.synops[:, :, trace.populations.index(name)].sum() / 9
        assert arrived == pytest.approx(counted, rel=1e-12)
        assert counted > 0


def test_missing_counts_are_refused() -> None:
    """No measurement, no number."""
    trace = replace(toy_trace(), neuron_spikes={})
    with pytest.raises(SimulationError, match="no counts per neuron of 'a'"):
        list(arrivals(trace, toy_graph().projections[0]))
