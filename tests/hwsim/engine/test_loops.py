"""Loops over one, two and three populations, in chip time and in windows."""

import numpy as np
import pytest

from export.chip.graph import ChipGraph, ChipInput, DenseProjection, InputForm, Projection
from export.chip.timing import timing_of
from hwsim.engine.simulate import simulate
from hwsim.errors import SimulationError
from tests import chip_oracle
from tests.small_chip_graphs import population, spikes

STEPS = 14


def looped(seed: int, form: InputForm = "spikes", *, bias: int = 0) -> ChipGraph:
    """a -> b -> c with feedback c -> a, b -> a, c -> c (delayed), behind an input; d reads c."""
    rng = np.random.default_rng(seed)
    sizes = {"a": 6, "b": 5, "c": 4, "d": 3}
    edges = [("a", "b"), ("b", "c"), ("c", "a"), ("b", "a"), ("c", "d")]
    if form != "bias":
        sizes_in, edges = sizes | {"in": 7}, [("in", "a"), *edges]
    else:
        sizes_in = sizes
    projections: list[Projection] = [
        DenseProjection(s, t, rng.integers(-40, 70, (sizes_in[t], sizes_in[s]))) for s, t in edges
    ]
    delay = rng.integers(0, 4, (4, 4))
    projections.append(DenseProjection("c", "c", rng.integers(-50, 60, (4, 4)), delay))
    name, shape = ("in", (7,)) if form != "bias" else ("a", (6,))
    return ChipGraph(
        ChipInput(name, form, shape),
        tuple(
            population(n, (s,), bias=0 if form == "bias" and n == "a" else bias)
            for n, s in sizes.items()
        ),
        tuple(projections),
    )


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("form", ["spikes", "bias"])
def test_loops_in_chip_time_equal_the_slow_oracle(seed: int, form: InputForm) -> None:
    """Every u, v and spike, and every count."""
    graph = looped(seed, form, bias=4)
    inputs = spikes(seed, 2, STEPS, *graph.input.shape) * (1 if form == "spikes" else 40)
    trace = simulate(graph, inputs, reset="none", record=True)
    for n in range(2):
        truth = chip_oracle.run(graph, inputs[n])
        for column, name in enumerate(trace.populations):
            for key in "uvs":
                expected = getattr(truth, key)[name]
                assert np.array_equal(trace.recordings[name][key][n], expected), (name, key)
            assert np.array_equal(trace.synops[n, :, column], truth.synops[name])
            assert np.array_equal(trace.active_updates[n, :, column], truth.active[name])
            assert truth.s[name].any()


@pytest.mark.parametrize("seed", range(5))
def test_windows_are_chip_time_shifted_by_depth(seed: int) -> None:
    """Without biases nothing happens before a window opens, so both must show the same."""
    graph = looped(seed)
    depth = timing_of(graph).depth
    assert [depth[name] for name in "abcd"] == [1, 2, 3, 4]
    inputs = spikes(seed, 3, STEPS, 7)
    windows = simulate(graph, inputs, record=True)
    chip = simulate(graph, inputs, reset="none", record=True, steps=STEPS + 4)
    for name in "abcd":
        for key in "uvs":
            shifted = chip.recordings[name][key][:, depth[name] : depth[name] + STEPS]
            assert np.array_equal(windows.recordings[name][key], shifted)
        assert windows.recordings[name]["s"].any()


def test_biases_charge_no_population_before_its_window() -> None:
    """With biases, chip time differs: deeper populations start earlier there."""
    graph = looped(1, bias=6)
    inputs = spikes(1, 1, STEPS, 7)
    windows = simulate(graph, inputs, record=True)
    assert windows.recordings["c"]["v"][0, 0].tolist() != [0, 0, 0, 0]
    chip = simulate(graph, inputs, reset="none", record=True, steps=STEPS + 4)
    assert not np.array_equal(windows.recordings["c"]["v"], chip.recordings["c"]["v"][:, 3:-1])


def test_a_loop_told_backwards_is_refused_in_windows() -> None:
    """Named out of order, feedback would have to arrive before it was sent."""
    rng = np.random.default_rng(0)

    def dense(source: str, target: str) -> DenseProjection:
        return DenseProjection(source, target, rng.integers(1, 9, (3, 3)))

    names = ("late", "x", "y", "early")
    edges = [("in", "x"), ("x", "y"), ("y", "late"), ("late", "early"), ("in", "early")]
    graph = ChipGraph(
        ChipInput("in", "spikes", (3,)),
        tuple(population(name, (3,)) for name in names),
        (*(dense(s, t) for s, t in edges), dense("early", "late")),
    )
    with pytest.raises(SimulationError, match=r"steps apart|closes a loop"):
        simulate(graph, spikes(1, 1, 4, 3))
    simulate(graph, spikes(1, 1, 4, 3), reset="none")
