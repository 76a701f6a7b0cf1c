"""Encoding C2, node names and what NIR or its readers can't hold."""

from itertools import pairwise
from pathlib import Path

import nir
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from export.errors import InvalidGraph, LimitExceeded, UnsupportedLayer
from export.freezing.float_graph import (
    Conv,
    Dense,
    FloatGraph,
    Layer,
    Neuron,
    Sink,
    Source,
    Sum,
)
from export.freezing.fold import fold_norms, fold_pooling, rescale_thresholds
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


def folded(body: nn.Module, shape: tuple[int, ...] = (1, 8, 8)) -> FloatGraph:
    """The folded float graph of a random network."""
    network = networked(body)
    graph = trace(body, images_for(shape, network.time_steps), constant_thresholds(network))
    return rescale_thresholds(fold_pooling(fold_norms(graph)))


def one_conv(conv: Conv, given: tuple[int, ...], made: tuple[int, ...]) -> FloatGraph:
    """Input, one convolution, output."""
    return FloatGraph(
        (
            Layer("x()", Source(), (), given),
            Layer("conv", conv, ("x()",), made),
            Layer("output()", Sink(), ("conv",), made),
        )
    )


def conv_like(module: nn.Conv2d) -> Conv:
    """The float graph's convolution for a torch layer."""
    return Conv(
        weight=module.weight.detach().double().numpy(),
        bias=module.bias.detach().double().numpy() if module.bias is not None else np.zeros(1),
        stride=(module.stride[0], module.stride[1]),
        padding=(int(module.padding[0]), int(module.padding[1])),
        dilation=(module.dilation[0], module.dilation[1]),
        groups=module.groups,
    )


def with_neuron(decay: float, threshold: float) -> nir.LIF:
    """The LIF node of one neuron."""
    graph = FloatGraph(
        (
            Layer("x()", Source(), (), (2,)),
            Layer("fc", Dense(np.eye(2), np.zeros(2)), ("x()",), (2,)),
            Layer("lif", Neuron(decay, threshold), ("fc",), (2,)),
            Layer("output()", Sink(), ("lif",), (2,)),
        )
    )
    return to_nir(graph).nodes["l001_lif"]


def test_names_sort_in_computing_order() -> None:
    """Files lose the order of nodes; names bring it back, and sums have none."""
    graph = to_nir(folded(conv_body()))
    names = [
        "input", "l000_conv", "l001_lif", "l002_sumpool", "l003_conv", "l004_lif", "l005_sumpool",
        "l006_flatten", "l007_fc", "output",
    ]  # fmt: skip
    assert list(graph.nodes) == sorted(graph.nodes) == names
    assert graph.edges == list(pairwise(names))


def test_a_sum_becomes_edges() -> None:
    """NIR adds what several edges bring, so a residual sum is two edges into one neuron."""
    body = nn.Sequential(
        nn.Conv2d(1, 4, 3), LIF(), Residual(conv_norm(4, 4), nn.Identity(), LIF()),
        nn.Flatten(), nn.Linear(144, 3),
    )  # fmt: skip
    graph = folded(body)
    sums = {layer.name for layer in graph.layers if isinstance(layer.operation, Sum)}
    assert len(sums) == 1
    assert sums.isdisjoint(nir_names(graph))
    edges = to_nir(graph).edges
    assert {source for source, target in edges if target == "l003_lif"} == {"l001_lif", "l002_conv"}


@pytest.mark.parametrize(("decay", "snapped"), [(0.2, 819), (0.9, 3686), (1e-5, 0), (0.5, 2048)])
@pytest.mark.parametrize("threshold", [1.0, 0.37])
def test_neurons_hold_encoding_c2(decay: float, snapped: int, threshold: float) -> None:
    """r = 1, tau = dt / (1 - beta), v_threshold = (1 - beta) threshold, no leak, reset to 0."""
    lif = with_neuron(decay, threshold)
    rate = (4096 - snapped) / 4096
    expected = {
        "tau": DT / rate, "r": 1.0, "v_leak": 0.0, "v_reset": 0.0, "v_threshold": rate * threshold,
    }  # fmt: skip
    for key, value in expected.items():
        array = getattr(lif, key)
        assert array.dtype == np.float64
        np.testing.assert_array_equal(array, np.full(2, value), err_msg=key)


def test_weights_are_float32_and_shapes_complete() -> None:
    """What readers need: input shapes, explicit numbers, a bias everywhere, no batch axis."""
    graph = to_nir(folded(conv_body()))
    conv, pool, flatten, fc = (
        graph.nodes[n] for n in ("l003_conv", "l005_sumpool", "l006_flatten", "l007_fc")
    )
    assert conv.weight.dtype == conv.bias.dtype == fc.weight.dtype == fc.bias.dtype == np.float32
    assert (conv.input_shape, conv.stride, conv.padding, conv.groups) == ((4, 4), (1, 1), (1, 1), 1)
    assert pool.kernel_size.tolist() == pool.stride.tolist() == [2, 2]
    assert pool.padding.tolist() == [0, 0]
    assert (flatten.start_dim, flatten.end_dim) == (0, -1)
    assert graph.nodes["l001_lif"].v_threshold.shape == (6, 8, 8)


@pytest.mark.parametrize("decay", [0.99995, 1.0, 1.5, -0.1])
def test_a_decay_off_the_chips_grid_is_refused(decay: float) -> None:
    """4096/4096 is no leak, which C2 can't say: tau would be infinite."""
    with pytest.raises(LimitExceeded, match=r"layer 'l': decay .* rounds to .*/4096"):
        snap_decay("l", decay)
    assert snap_decay("l", 0.9998) == 4095


@pytest.mark.parametrize("options", [{}, {"stride": 2, "padding": 1}, {"dilation": 2}])
def test_groups_are_written_out(options: dict[str, int]) -> None:
    """A grouped kernel becomes a dense one that computes what torch's grouped convolution does."""
    torch.manual_seed(0)
    module = nn.Conv2d(6, 4, 3, groups=2, **options)  # type: ignore[arg-type]
    x = torch.randn(3, 6, 9, 9)
    made = module(x)
    graph = to_nir(one_conv(conv_like(module), (6, 9, 9), tuple(made.shape[1:])))
    node = graph.nodes["l000_conv"]
    assert node.groups == 1
    assert node.weight.shape == (4, 6, 3, 3)
    found = F.conv2d(
        x.double(), torch.tensor(node.weight).double(), torch.tensor(node.bias).double(),
        node.stride, node.padding, node.dilation,
    )  # fmt: skip
    torch.testing.assert_close(found, made.double(), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("kernel", "options"),
    [
        ((3, 1), {"padding": (1, 0)}),
        ((1, 5), {"padding": (0, 1), "stride": (2, 3)}),
        ((3, 7), {"dilation": (2, 1), "padding": (2, 0)}),
        ((2, 4), {"dilation": (1, 2), "groups": 2}),
    ],
)
def test_rectangular_kernels_are_filled_up(
    kernel: tuple[int, int], options: dict[str, tuple[int, int]], tmp_path: Path
) -> None:
    """NIR's type check takes kernels for square; zeros make them so without changing a sum."""
    torch.manual_seed(0)
    module = nn.Conv2d(2, 4, kernel, **options).double()  # type: ignore[arg-type]
    x = torch.randn(3, 2, 9, 11).double()
    made = module(x)
    graph = to_nir(one_conv(conv_like(module), (2, 9, 11), tuple(made.shape[1:])))
    nir.write(tmp_path / "model.nir", graph)
    node = nir.read(tmp_path / "model.nir").nodes["l000_conv"]
    found = F.conv2d(
        x, torch.tensor(node.weight).double(), torch.tensor(node.bias).double(),
        tuple(node.stride), tuple(node.padding), tuple(node.dilation),
    )  # fmt: skip
    torch.testing.assert_close(found, made, rtol=0, atol=1e-5)


def test_a_kernel_that_can_not_be_filled_up_is_refused() -> None:
    """3 rows and 4 columns would need zeros on one side only."""
    conv = conv_like(nn.Conv2d(1, 2, (3, 4)))
    with pytest.raises(UnsupportedLayer, match="layer 'conv': a 3x4 kernel can't be filled up"):
        to_nir(one_conv(conv, (1, 8, 8), (2, 6, 5)))


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


def test_weights_beyond_float32_are_refused() -> None:
    """A fold that multiplies weights out of range must not write infinity."""
    conv = Conv(np.full((1, 1, 1, 1), 1e39), np.zeros(1), (1, 1), (0, 0), (1, 1), 1)
    with pytest.raises(InvalidGraph, match=r"layer 'conv': folding .* leaves float32"):
        to_nir(one_conv(conv, (1, 2, 2), (1, 2, 2)))
