"""The unfolded graph: names, connections and neurons, word for word the trained network."""

import nir
import numpy as np
import pytest
from torch import nn

from export.errors import LimitExceeded, UnsupportedLayer
from export.executor import run_graph
from export.freezing import unfolded
from export.freezing.float_graph import Dense, FloatGraph, Layer, Neuron, Sink, Source, Sum
from export.freezing.to_nir import nir_names, snap_decay, to_nir
from export.freezing.trace import trace
from tests.torch_networks import (
    Residual,
    constant_thresholds,
    conv_body,
    conv_norm,
    images_for,
    networked,
)
from trainers.neurons.lif import LIF

DT = 1e-4


def traced(body: nn.Module, shape: tuple[int, ...] = (1, 8, 8)) -> FloatGraph:
    """The float graph of a random network."""
    network = networked(body)
    return trace(body, images_for(shape, network.time_steps), constant_thresholds(network))


def with_neuron(neuron: Neuron) -> nir.LIF:
    """The LIF node of one neuron."""
    graph = FloatGraph(
        (
            Layer("x()", Source(), (), (2,)),
            Layer("fc", Dense(np.eye(2), np.zeros(2)), ("x()",), (2,)),
            Layer("lif", neuron, ("fc",), (2,)),
            Layer("output()", Sink(), ("lif",), (2,)),
        )
    )
    return to_nir(graph).nodes["l001_lif"]


def test_names_are_those_of_the_folded_graph() -> None:
    """Norms have no number of their own, and an average pooling is called what it will be."""
    graph = to_nir(traced(conv_body()))
    assert list(graph.nodes) == [
        "input", "l000_conv", "norm000", "l001_lif", "l002_sumpool", "l003_conv", "norm001",
        "l004_lif", "l005_sumpool", "l006_flatten", "l007_fc", "output",
    ]  # fmt: skip


def test_everything_is_double() -> None:
    """A float32 network's weights come as they are, in double precision."""
    graph = unfolded(networked(conv_body()).float(), images_for((1, 8, 8)))
    for node in graph.nodes.values():
        for key in ("weight", "bias", "gain", "shift", "tau", "r", "v_threshold"):
            assert getattr(node, key, np.zeros(1)).dtype == np.float64


def test_a_sum_becomes_edges() -> None:
    """NIR adds what several edges bring, so a residual sum is two edges into one neuron."""
    body = nn.Sequential(
        nn.Conv2d(1, 4, 3), LIF(), Residual(conv_norm(4, 4), nn.Identity(), LIF()),
        nn.Flatten(), nn.Linear(144, 3),
    )  # fmt: skip
    graph = traced(body)
    sums = {layer.name for layer in graph.layers if isinstance(layer.operation, Sum)}
    assert len(sums) == 1
    assert sums.isdisjoint(nir_names(graph))
    edges = to_nir(graph).edges
    assert {source for source, target in edges if target == "l003_lif"} == {"l001_lif", "norm000"}


@pytest.mark.parametrize("decay", [0.2, 0.9, 1e-5])
def test_neurons_keep_the_units_of_training(decay: float) -> None:
    """v <- decay v + x at r = tau / dt; v <- decay v + (1 - decay) x at r = 1."""
    plain = with_neuron(Neuron(decay, 0.37))
    np.testing.assert_array_equal(plain.tau, np.full(2, DT / (1 - decay)))
    np.testing.assert_array_equal(plain.r, plain.tau / DT)
    np.testing.assert_array_equal(plain.v_threshold, np.full(2, 0.37))
    leaking = with_neuron(Neuron(decay, 0.37 / (1 - decay), decay_input=True))
    np.testing.assert_array_equal(leaking.tau, plain.tau)
    np.testing.assert_array_equal(leaking.r, np.ones(2))
    np.testing.assert_allclose(leaking.v_threshold, np.full(2, 0.37), rtol=1e-15)
    for node in (plain, leaking):
        assert not node.v_leak.any()
        assert not node.v_reset.any()


@pytest.mark.parametrize("decay_input", [False, True])
def test_membranes_are_those_of_torch(decay_input: bool) -> None:
    """What the executor records of the unfolded graph is what a probe in the LIF sees."""
    network = networked(conv_body())
    seen: dict[str, list[np.ndarray]] = {}
    for name, neuron in network.neurons():
        neuron.decay_input = decay_input
        seen[name] = []
        neuron.probe = lambda _t, v, _th, _s, name=name: seen[name].append(v.detach().numpy())
    inputs = images_for((1, 8, 8))
    graph = unfolded(network, inputs)
    for probed in seen.values():
        probed.clear()
    network(inputs)
    run = run_graph(graph, inputs.numpy(), record=True)
    for name, node in {"2": "l001_lif", "6": "l004_lif"}.items():
        np.testing.assert_allclose(run.membranes[node], np.stack(seen[name]), rtol=0, atol=1e-12)


@pytest.mark.parametrize("decay", [0.99995, 1.0, 1.5, -0.1])
def test_a_decay_off_the_chips_grid_is_refused(decay: float) -> None:
    """4096/4096 is no leak, which C2 can't say: tau would be infinite."""
    with pytest.raises(LimitExceeded, match=r"layer 'l': decay .* rounds to .*/4096"):
        snap_decay("l", decay)
    with pytest.raises(LimitExceeded, match=r"layer 'lif': decay .* rounds to .*/4096"):
        with_neuron(Neuron(decay, 1.0))
    assert snap_decay("l", 0.9998) == 4095


def test_a_double_edge_is_refused() -> None:
    """x + (x + y) can't be said with edges, and dropping one would halve a current."""
    graph = FloatGraph(
        (
            Layer("x()", Source(), (), (2,)),
            Layer("a", Dense(np.eye(2), np.zeros(2)), ("x()",), (2,)),
            Layer("b", Dense(np.eye(2), np.zeros(2)), ("x()",), (2,)),
            Layer("add()", Sum(), ("a", "b"), (2,)),
            Layer("add_1()", Sum(), ("a", "add()"), (2,)),
            Layer("lif", Neuron(0.5, 1.0), ("add_1()",), (2,)),
            Layer("output()", Sink(), ("lif",), (2,)),
        )
    )
    with pytest.raises(UnsupportedLayer, match="layer 'lif': receives the output of 'a' twice"):
        to_nir(graph)
