"""Rasters are the recorded spikes, in chip steps."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from export.chip.graph import ChipGraph, ChipInput, DenseProjection
from hwsim.costing.raster import raster_recording, rasters
from hwsim.engine.simulate import simulate
from hwsim.engine.trace import Trace
from hwsim.report.alternatives import Raster
from tests.small_chip_graphs import chain, population, spikes


def identity() -> ChipGraph:
    """Layer a fires with its input, layer b with a: weights of 200 over thresholds of 60."""
    pairs = (("in", "a"), ("a", "b"))
    weight = np.eye(3, dtype=np.int64) * 200
    return ChipGraph(
        ChipInput("in", "spikes", (3,)),
        (population("a", (3,)), population("b", (3,))),
        tuple(DenseProjection(source, target, weight) for source, target in pairs),
        time_steps=2,
    )


def test_spikes_fall_into_chip_steps() -> None:
    """Input of step t reaches a in chip step t + 2 and b in t + 3, with t from 0."""
    inputs = np.array([[[1, 0, 1], [0, 0, 0]], [[0, 0, 0], [0, 1, 0]]])
    graph = identity()
    trace = simulate(graph, inputs, record=raster_recording(graph, 2))
    drawn = {
        (raster.sample, raster.layer): list(zip(raster.steps, raster.rows, strict=True))
        for raster in rasters(trace)
    }
    (a0, b0), (a1, b1) = (([*drawn[n, "a"]], [*drawn[n, "b"]]) for n in (0, 1))
    assert a0[:2] == [(2, 0), (2, 2)]
    assert b0[:2] == [(3, 0), (3, 2)]
    assert (a1, b1) == ([(3, 1)], [(4, 1)])
    assert all((raster.neurons, raster.of) == (3, 3) for raster in rasters(trace))


def test_the_first_samples_and_all_layers() -> None:
    """Three of five samples, each with every layer in order, silent ones too."""
    graph = chain(1, "bias").readout(3).graph(4)
    images = np.random.default_rng(2).integers(-50, 300, (5, 2, 4, 3))
    recorded = simulate(graph, images, record=raster_recording(graph, 5))
    found = rasters(recorded)
    layers = ["input", "p1", "p2", "p3"]
    assert [(r.sample, r.layer) for r in found] == [(n, name) for n in range(3) for name in layers]
    assert found == rasters(simulate(graph, images, record=True))
    assert [r.steps for r in found if r.layer == "p3"] == [()] * 3
    for raster in found:
        depth = recorded.depth[recorded.populations.index(raster.layer)]
        s = recorded.recordings[raster.layer]["s"][raster.sample].reshape(4, -1)
        steps, rows = np.nonzero(s)
        assert raster.steps == tuple((steps + depth + 1).tolist())
        assert raster.rows == tuple(rows.tolist())


@pytest.mark.parametrize(
    ("neurons", "drawn"), [(1, [0]), (64, list(range(64))), (128, list(range(0, 128, 2)))]
)
def test_many_neurons_are_drawn_evenly(neurons: int, drawn: list[int]) -> None:
    """At most 64 rows, the first neuron among them."""
    raster = one_layer(neurons)
    assert (raster.neurons, raster.of) == (len(drawn), neurons)
    assert raster.rows == tuple(range(len(drawn)))


def test_rows_of_an_odd_number_are_spread() -> None:
    """100 neurons on 64 rows: one or two apart, never the same twice."""
    graph = chain(1).dense(100, threshold=1).graph(1)
    trace = simulate(graph, spikes(1, 1, 1, 2, 4, 3), record=True)
    fired = np.zeros((1, 1, 100), dtype=np.uint8)
    shown = []
    for neuron in range(100):
        fired[:] = 0
        fired[0, 0, neuron] = 1
        shown.append(len(rasters(with_spikes(trace, fired))[-1].rows))
    at = np.flatnonzero(shown)
    assert len(at) == 64
    assert set(np.diff(at).tolist()) == {1, 2}


def one_layer(neurons: int) -> Raster:
    """The raster of a layer that fires as a whole in its only step."""
    graph = chain(1).dense(neurons, threshold=1).graph(1)
    trace = simulate(graph, spikes(1, 1, 1, 2, 4, 3), record=True)
    return rasters(with_spikes(trace, np.ones((1, 1, neurons), dtype=np.uint8)))[-1]


def with_spikes(trace: Trace, fired: NDArray[np.uint8]) -> Trace:
    """The trace with other spikes in its last layer."""
    recordings = trace.recordings | {trace.populations[-1]: {"s": fired}}
    return replace(trace, recordings=recordings)


def test_nothing_without_recordings() -> None:
    """A trace that kept no spikes has no raster, even if it kept voltages."""
    graph = chain(1).graph(3)
    trace = simulate(graph, spikes(1, 2, 3, 2, 4, 3), record=True)
    assert rasters(replace(trace, recordings={})) == ()
    voltages = {name: {"v": states["v"]} for name, states in trace.recordings.items()}
    assert rasters(replace(trace, recordings=voltages)) == ()


def test_a_single_sample_is_recorded_alone() -> None:
    """No more is asked for than there is."""
    assert raster_recording(chain(1).graph(3), 1).samples == (0, 1)
    assert raster_recording(chain(1).graph(3), 500).samples == (0, 3)
