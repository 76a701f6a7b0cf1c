"""The executor against plain loops, and what it refuses."""

import nir
import numpy as np
import pytest

from export.errors import InvalidGraph, UnsupportedLayer
from export.executor import run_graph
from export.nir_metadata import read_facts
from tests import loop_oracle
from tests.frozen_networks import DT, conv_network, images, portable_lif
from tests.other_networks import (
    chain,
    dense_network,
    odd_images,
    odd_network,
    residual_network,
    spike_trains,
    with_facts,
)
from tests.primitive_networks import every_primitive, loops, soft_reset, trains
from trainers.errors import DataError


class Unheard(nir.NIRNode):  # type: ignore[misc]
    """A kind that NIR may get one day."""

    def __init__(self) -> None:
        self.input_type = {"input": None}
        self.output_type = {"output": None}


NETWORKS = {
    "conv": (conv_network(channels=(2, 3), size=4), images(2, size=4)),
    "residual": (residual_network(), images(1)),
    "dense": (dense_network(), spike_trains(2)),
    "odd": (odd_network(), odd_images(3)),
    **{
        name: (graph, trains(graph))
        for name, graph in {
            "primitives": every_primitive(),
            "loops": loops(),
            "cuba loops": loops("cuba"),
            "soft reset": soft_reset(),
        }.items()
    },
}


@pytest.mark.parametrize("name", NETWORKS)
def test_equals_plain_loops(name: str) -> None:
    """Outputs, spikes and membranes are those of a loop over every product."""
    graph, inputs = NETWORKS[name]
    facts = read_facts(graph)
    run = run_graph(graph, inputs, record=True)
    for n, sample in enumerate(inputs):
        static = facts.input.form == "static"
        frames = np.stack([sample] * facts.time_steps) if static else sample
        outputs, spikes, membranes = loop_oracle.run(graph, frames, DT)
        np.testing.assert_allclose(run.outputs[:, n], outputs, rtol=1e-12, atol=1e-13)
        assert run.spikes.keys() == spikes.keys()
        for layer, expected in spikes.items():
            np.testing.assert_array_equal(run.spikes[layer][:, n], expected)
            np.testing.assert_allclose(
                run.membranes[layer][:, n], membranes[layer], rtol=1e-12, atol=1e-13
            )


@pytest.mark.parametrize("name", NETWORKS)
def test_every_population_of_the_cases_fires(name: str) -> None:
    """The comparison above means something: each population fires between 2 and 60 percent."""
    graph, inputs = NETWORKS[name]
    for spikes in run_graph(graph, inputs).spikes.values():
        assert 0.02 <= spikes.mean() <= 0.6


def test_membranes_only_on_request() -> None:
    """Without `record`, no membrane is kept."""
    assert run_graph(conv_network(), images(1)).membranes == {}


def test_static_input_is_the_same_array_at_every_step() -> None:
    """A sequence that repeats an image does what the static image does."""
    graph, inputs = residual_network(), images(3)
    facts = read_facts(graph)
    repeated = with_facts(dict(graph.nodes), graph.edges, time_steps=4, form="sequence")
    still = run_graph(graph, inputs)
    moving = run_graph(repeated, np.stack([inputs] * facts.time_steps, axis=1))
    np.testing.assert_array_equal(still.outputs, moving.outputs)


def test_more_steps_continue_the_same_run() -> None:
    """The first T steps don't depend on how many follow."""
    graph, inputs = conv_network(), images(2)
    longer = run_graph(graph, inputs, time_steps=9)
    assert len(longer.outputs) == 9
    np.testing.assert_array_equal(longer.outputs[:4], run_graph(graph, inputs).outputs)


def test_a_tie_does_not_fire() -> None:
    """v = v_threshold is not above it."""
    nodes = {
        "input": nir.Input(np.array([2])),
        "lif": portable_lif((2,), 2048),
        "output": nir.Output(np.array([2])),
    }
    graph = with_facts(nodes, chain(nodes), time_steps=1)
    run = run_graph(graph, np.array([[1.0, np.nextafter(1.0, 2.0)]]), record=True)
    assert run.membranes["lif"][0, 0, 0] == graph.nodes["lif"].v_threshold[0]
    np.testing.assert_array_equal(run.spikes["lif"][0, 0], [False, True])


def test_dt_comes_from_the_facts() -> None:
    """The same decay at another dt is the same network."""
    nodes = dict(conv_network().nodes)
    for name in ("l001_lif", "l004_lif"):
        lif = nodes[name]
        nodes[name] = nir.LIF(
            tau=lif.tau * 8, r=lif.r, v_leak=lif.v_leak, v_threshold=lif.v_threshold
        )
    slow = with_facts(nodes, conv_network().edges, time_steps=4, dt_s=8 * DT)
    expected = run_graph(conv_network(), images(3)).outputs
    np.testing.assert_array_equal(run_graph(slow, images(3)).outputs, expected)


@pytest.mark.parametrize("shape", [(2, 8, 8), (2, 1, 8), (2, 1, 8, 9), (2, 4, 1, 8, 8), ()])
def test_wrong_static_shape(shape: tuple[int, ...]) -> None:
    """The message has the given shape and the expected one."""
    with pytest.raises(DataError) as refusal:
        run_graph(conv_network(), np.zeros(shape, np.float32))
    assert str(shape) in str(refusal.value)
    assert "[N, 1, 8, 8]" in str(refusal.value)


def test_wrong_sequence_length() -> None:
    """A sequence of another length than T must be asked for."""
    trains = spike_trains(2, time_steps=7)
    with pytest.raises(DataError, match=r"\(2, 7, 24\).*\[N, 20, 24\]"):
        run_graph(dense_network(), trains)
    assert len(run_graph(dense_network(), trains, time_steps=7).outputs) == 7


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (np.zeros((0, 1, 8, 8)), "0 samples"),
        (np.full((1, 1, 8, 8), np.nan), "64 of 64 values are NaN"),
        (np.full((1, 1, 8, 8), "x"), "isn't a real number"),
    ],
)
def test_bad_values(inputs: np.ndarray, message: str) -> None:
    """No samples, not finite, not numbers: refused before anything runs."""
    with pytest.raises(DataError, match=message):
        run_graph(conv_network(), inputs)


def test_no_steps() -> None:
    """T must be positive."""
    with pytest.raises(DataError, match=r"time_steps \(0\)"):
        run_graph(conv_network(), images(1), time_steps=0)


def test_unsupported_kind_is_named() -> None:
    """A node nobody here runs is refused by name and kind, not skipped."""
    nodes = dict(dense_network().nodes)
    nodes["l003_lif"] = Unheard()
    graph = with_facts(nodes, chain(nodes), time_steps=4, form="sequence")
    with pytest.raises(UnsupportedLayer, match="'l003_lif': kind Unheard isn't supported"):
        run_graph(graph, spike_trains(1, 4))


def test_weights_that_are_not_finite() -> None:
    """NaN among the weights is found before it spreads."""
    graph = conv_network()
    graph.nodes["l003_conv"].weight[0, 0, 0, 0] = np.inf
    with pytest.raises(InvalidGraph, match="'l003_conv', weight: 1 of"):
        run_graph(graph, images(1))


def test_graph_without_facts() -> None:
    """A file of another tool says nothing of T and input form, so it is refused."""
    graph = conv_network()
    graph.metadata = {}
    with pytest.raises(InvalidGraph, match="spikeport"):
        run_graph(graph, images(1))
