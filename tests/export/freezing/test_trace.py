"""Tracing: any forward of layers and sums becomes a float graph, anything else is named."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from export.errors import InvalidGraph, UnsupportedLayer
from export.freezing.float_graph import (
    Conv,
    Dense,
    Flatten,
    FloatGraph,
    Neuron,
    Pool,
    Sink,
    Source,
    Sum,
)
from export.freezing.symbolic import called_layers
from export.freezing.trace import trace
from tests.float_graph_run import run_float_graph
from tests.torch_networks import (
    assert_lively,
    constant_thresholds,
    images_for,
    networked,
    run_torch,
)
from trainers.neurons.lif import LIF

SHAPE = (1, 8, 8)
Forward = Callable[[Any, Tensor], Any]


class Written(nn.Module):
    """Layers of many kinds and a forward that a test writes."""

    def __init__(self, forward: Forward) -> None:
        super().__init__()
        self.write = forward
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.again = nn.Conv2d(4, 4, 3, padding=1)
        self.lif = LIF(0.3)
        self.lif2 = LIF(0.6)
        self.pool = nn.AvgPool2d(2)
        self.drop = nn.Dropout(0.5)
        self.block = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4))
        self.full = nn.Linear(256, 3)
        self.quarter = nn.Linear(16, 3)

    def forward(self, x: Tensor) -> Any:
        """What the test wrote."""
        return self.write(self, x)


def residual(self: Any, x: Tensor) -> Any:
    """A residual sum, an activation read twice, flatten as a function."""
    spikes = self.lif(self.conv(x))
    x = self.lif2(self.block(spikes) + spikes)
    return self.full(torch.flatten(x, 1))


def in_place(self: Any, x: Tensor) -> Any:
    """x += block(x), where the block reads x before it changes."""
    x = self.conv(x)
    x += self.again(x)
    return self.full(self.lif2(self.lif(x)).flatten(1))


def reused_pool(self: Any, x: Tensor) -> Any:
    """One pooling and one dropout layer in two places each, view with sizes, nested modules."""
    x = self.drop(self.pool(self.lif(self.conv(x))))
    x = self.drop(self.pool(self.lif2(self.block(x))))
    return self.quarter(x.view(x.size(0), -1))


def reshaped(self: Any, x: Tensor) -> Any:
    """reshape, and a flatten that has nothing left to do."""
    x = self.lif2(self.again(self.lif(self.conv(x))))
    return torch.flatten(self.full(x.reshape(x.shape[0], 4 * 8 * 8)), 1)


def dropped_head(self: Any, x: Tensor) -> Any:
    """A head whose result nobody uses."""
    spikes = self.lif(self.conv(x))
    self.quarter(torch.flatten(self.pool(self.pool(spikes)), 1))
    return self.full(torch.flatten(self.lif2(self.again(spikes)), 1))


def traced(body: nn.Module, shape: tuple[int, ...] = SHAPE) -> FloatGraph:
    """The float graph of a network with random weights."""
    network = networked(body)
    return trace(body, images_for(shape, network.time_steps), constant_thresholds(network))


def chain(*layers: nn.Module, features: int = 72) -> nn.Sequential:
    """Layers, then what makes a network of them."""
    return nn.Sequential(*layers, LIF(), nn.Flatten(), nn.Linear(features, 3))


@pytest.mark.parametrize("forward", [residual, in_place, reused_pool, reshaped, dropped_head])
def test_what_a_user_writes_is_traced(forward: Forward) -> None:
    """The float graph computes the spikes and currents of the user's own forward."""
    body = Written(forward)
    network = networked(body, seed=2)
    inputs = images_for(SHAPE)
    outputs, spikes = run_torch(network, inputs)
    assert_lively(spikes)
    graph = trace(body, images_for(SHAPE, 4), constant_thresholds(network))
    found, fired = run_float_graph(graph, inputs, network.time_steps)
    assert fired.keys() == spikes.keys()
    for name in spikes:
        np.testing.assert_array_equal(fired[name], spikes[name])
    np.testing.assert_allclose(found, outputs, rtol=0, atol=1e-10)


def test_layers_keep_their_paths_and_order() -> None:
    """Names are paths in the module, functions end with (), what does nothing is left out."""
    graph = traced(Written(reused_pool))
    assert [(layer.name, type(layer.operation)) for layer in graph.layers[1:]] == [
        ("conv", Conv),
        ("lif", Neuron),
        ("pool", Pool),
        ("block.0", Conv),
        ("block.1", graph.layer("block.1").operation.__class__),
        ("lif2", Neuron),
        ("pool (call 2)", Pool),
        ("view()", Flatten),
        ("quarter", Dense),
        ("output()", Sink),
    ]
    assert isinstance(graph.layers[0].operation, Source)
    assert [graph.layer(name).module for name in ("pool (call 2)", "block.0", "view()")] == [
        "pool",
        "block.0",
        None,
    ]
    assert [layer.shape for layer in graph.layers[3:8]] == [
        (4, 4, 4), (4, 4, 4), (4, 4, 4), (4, 4, 4), (4, 2, 2),
    ]  # fmt: skip


def test_a_layer_may_be_called_like_the_input() -> None:
    """`input` is nn.Sequential's own argument; the layer of that name is still itself."""
    body = nn.Sequential(
        OrderedDict(input=nn.Conv2d(1, 2, 3), add=LIF(), output=nn.Flatten(), x=nn.Linear(72, 3))
    )
    names = [layer.name for layer in traced(body).layers]
    assert len(set(names)) == len(names) == 6
    assert names[1:5] == ["input", "add", "output", "x"]


def test_heads_without_use_are_left_out() -> None:
    """Neither the graph nor the list of called layers holds what the output doesn't depend on."""
    body = Written(dropped_head)
    assert {"quarter", "pool"}.isdisjoint(layer.name for layer in traced(body).layers)
    assert set(called_layers(body)) == {"conv", "lif", "again", "lif2", "full"}


def test_sums_read_both_branches() -> None:
    """A residual sum names both of its sources."""
    graph = traced(Written(residual))
    (added,) = [layer for layer in graph.layers if isinstance(layer.operation, Sum)]
    assert set(added.inputs) == {"block.1", "lif"}


def test_dropout_and_identity_vanish() -> None:
    """Layers that do nothing in evaluation leave no trace."""
    body = chain(nn.Conv2d(1, 2, 3), nn.Identity(), nn.Dropout2d(0.3), nn.Dropout(0.3))
    kinds = [type(layer.operation) for layer in traced(body).layers]
    assert kinds == [Source, Conv, Neuron, Flatten, Dense, Sink]


@pytest.mark.parametrize("kernel", [(3, 3), (5, 3), (1, 7)])
@pytest.mark.parametrize("dilation", [1, 2])
def test_padding_same_becomes_numbers(kernel: tuple[int, int], dilation: int) -> None:
    """'same' is written out as torch applies it, for every kernel and dilation."""
    conv = nn.Conv2d(1, 2, kernel, padding="same", dilation=dilation)
    graph = traced(chain(conv, features=128))
    operation = graph.layers[1].operation
    assert isinstance(operation, Conv)
    assert operation.padding == tuple(dilation * (k - 1) // 2 for k in kernel)
    assert graph.layers[1].shape == (2, 8, 8)


def test_weights_are_read_as_float64() -> None:
    """The graph holds the module's numbers, in arrays that folding may not share with it."""
    body = chain(nn.Conv2d(2, 4, 3, groups=2, bias=False, padding="valid"), features=144)
    network = networked(body).float()
    graph = trace(body, images_for((2, 8, 8), 4).float(), constant_thresholds(network))
    operation = graph.layers[1].operation
    assert isinstance(operation, Conv)
    assert operation.groups == 2
    assert operation.weight.dtype == operation.bias.dtype == np.float64
    np.testing.assert_array_equal(operation.weight, network.state_dict()["body.0.weight"].numpy())
    np.testing.assert_array_equal(operation.bias, np.zeros(4))


UNSUPPORTED: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "max pooling": (
        lambda: chain(nn.Conv2d(1, 2, 3), nn.MaxPool2d(2), features=18),
        r"layer '1' \(MaxPool2d\): not supported\. Use AvgPool2d: the maximum",
    ),
    "ReLU": (
        lambda: chain(nn.Conv2d(1, 2, 3), nn.ReLU()),
        r"layer '1' \(ReLU\): not supported\. Use trainers\.LIF",
    ),
    "softmax": (
        lambda: chain(nn.Conv2d(1, 2, 3), nn.Softmax(dim=1)),
        r"layer '1' \(Softmax\): not supported\. Known layers: Conv2d, Linear",
    ),
    "padding mode": (
        lambda: chain(nn.Conv2d(1, 2, 3, padding=1, padding_mode="circular"), features=128),
        "layer '0': padding mode 'circular' is not supported. Use zeros",
    ),
    "even 'same'": (
        lambda: chain(nn.Conv2d(1, 2, 4, padding="same"), features=128),
        r"layer '0': padding 'same' with an even kernel \(4, 4\)",
    ),
    "ceil_mode": (
        lambda: chain(nn.Conv2d(1, 2, 2), nn.AvgPool2d(2, ceil_mode=True), features=32),
        "layer '1': average pooling with ceil_mode",
    ),
    "uncounted padding": (
        lambda: chain(
            nn.Conv2d(1, 2, 3), nn.AvgPool2d(2, padding=1, count_include_pad=False), features=32
        ),
        "layer '1': average pooling with ceil_mode, or with padding that isn't counted",
    ),
    "divisor_override": (
        lambda: chain(nn.Conv2d(1, 2, 3), nn.AvgPool2d(2, divisor_override=3), features=18),
        "layer '1': divisor_override is not supported",
    ),
    "adaptive pooling": (
        lambda: chain(nn.Conv2d(1, 2, 3), nn.AdaptiveAvgPool2d((2, 3)), features=12),
        r"layer '1': AdaptiveAvgPool2d to \(2, 3\) is not supported",
    ),
    "adaptive pooling to half": (
        lambda: chain(nn.Conv2d(1, 2, 3), nn.AdaptiveAvgPool2d((None, 1)), features=12),
        r"layer '1': AdaptiveAvgPool2d to \(None, 1\) is not supported",
    ),
    "batch statistics": (
        lambda: chain(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2, track_running_stats=False)),
        "layer '1': batch norm without running statistics.*track_running_stats=True",
    ),
    "flatten of some axes": (
        lambda: nn.Sequential(nn.Conv2d(1, 2, 3), LIF(), nn.Flatten(2), nn.Linear(36, 3)),
        r"layer '2': Flatten\(2, -1\) keeps axes apart",
    ),
    "linear on maps": (
        lambda: nn.Sequential(nn.Linear(8, 8), LIF(), nn.Flatten(), nn.Linear(64, 3)),
        r"layer '0' \(Linear\): takes \[N, features\], but is given \[N, 1, 8, 8\]",
    ),
    "maps as output": (
        lambda: nn.Sequential(nn.Conv2d(1, 2, 3), LIF(), nn.Conv2d(2, 3, 6)),
        r"its forward returns \[N, 3, 1, 1\].*End it with nn.Flatten\(\)",
    ),
}

UNTRACEABLE: dict[str, tuple[Forward, str]] = {
    "branching on values": (
        lambda self, x: self.full(x) if x.sum() > 0 else x,
        "network Written: its forward can't be traced .*control flow",
    ),
    "iterating": (lambda self, x: [self.conv(row) for row in x], "can't be traced"),
    "len": (lambda self, x: self.conv(x[: len(x)]), "can't be traced .*'len'"),
    "own assertion": (
        lambda self, x: self.conv(x) if isinstance(x, Tensor) else [][0],
        "can't be traced",
    ),
    "multiplication": (
        lambda self, x: self.full(torch.flatten(self.lif(self.conv(x)) * 2, 1)),
        "operation 'mul' .* has no equivalent",
    ),
    "adding a number": (
        lambda self, x: self.full(torch.flatten(self.lif(self.conv(x) + 1), 1)),
        "operation 'add' .* has no equivalent",
    ),
    "adding a multiple": (
        lambda self, x: torch.add(self.conv(x), self.again(self.lif(self.conv(x))), alpha=2),
        "called 2 times",
    ),
    "alpha": (
        lambda self, x: self.full(
            torch.flatten(torch.add(self.lif(self.conv(x)), self.lif2(x), alpha=2), 1)
        ),
        "operation 'add' .* has no equivalent",
    ),
    "broadcasting": (
        lambda self, x: self.full(torch.flatten(self.lif(self.conv(x)) + self.lif2(x), 1)),
        r"operation 'add' adds tensors of shapes \(4, 8, 8\) and \(1, 8, 8\)",
    ),
    "flattening the batch": (
        lambda self, x: self.full(torch.flatten(self.lif(self.conv(x)), 0, 1)),
        "doesn't fit layer 'full'",
    ),
    "mixing samples": (
        lambda self, x: torch.flatten(self.full(torch.flatten(self.lif(self.conv(x)), 1)), 0),
        "'flatten' makes .* so it mixes them",
    ),
    "functional pooling": (
        lambda self, x: nn.functional.avg_pool2d(self.lif(self.conv(x)), 2),
        "operation 'avg_pool2d' .* has no equivalent",
    ),
    "two outputs": (
        lambda self, x: (self.lif(self.conv(x)), x),
        "its forward returns a tuple, not one tensor",
    ),
    "a neuron in two places": (
        lambda self, x: self.full(torch.flatten(self.lif(self.again(self.lif(self.conv(x)))), 1)),
        r"layer 'lif' \(LIF\): is called 2 times.*one layer for each place",
    ),
}


# torch's own remark on a convolution that is refused here.
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")
@pytest.mark.parametrize("name", UNSUPPORTED)
def test_unsupported_layers_are_named(name: str) -> None:
    """A layer without an equivalent is refused with its path, the reason and a remedy."""
    build, message = UNSUPPORTED[name]
    with pytest.raises(UnsupportedLayer, match=message) as caught:
        traced(build())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", UNTRACEABLE)
def test_forwards_that_can_not_be_traced_are_named(name: str) -> None:
    """Anything but layers, sums and flattening is refused in one line that says what it was."""
    forward, message = UNTRACEABLE[name]
    with pytest.raises((UnsupportedLayer, InvalidGraph), match=message) as caught:
        traced(Written(forward))
    assert "\n" not in str(caught.value)


def overwritten_source(self: Any, x: Tensor) -> Any:
    """The skip reads a tensor that an addition has changed in the meantime."""
    current = self.conv(x)
    skip = self.drop(current)
    current += self.again(current)
    return self.full(torch.flatten(self.lif(current) + self.lif2(skip), 1))


def overwritten_by_method(self: Any, x: Tensor) -> Any:
    """add_ without using what it returns."""
    current = self.conv(x)
    current.add_(self.again(current))
    return self.full(torch.flatten(self.lif(current), 1))


@pytest.mark.parametrize("forward", [overwritten_source, overwritten_by_method])
def test_overwriting_what_is_read_again_is_refused(forward: Forward) -> None:
    """Symbols don't see the change, so the graph would silently compute something else."""
    with pytest.raises(UnsupportedLayer, match="adds in place to a tensor that is read again"):
        traced(Written(forward))


@pytest.mark.parametrize(
    ("path", "field", "value"),
    [
        ("0", "weight", np.nan),
        ("0", "bias", np.inf),
        ("1", "running_var", np.nan),
        ("1", "running_mean", -np.inf),
        ("4", "weight", np.nan),
    ],
)
def test_weights_that_are_not_finite_name_their_layer(path: str, field: str, value: float) -> None:
    """NaN and infinity are found in weights and statistics alike, and counted."""
    body = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), LIF(), nn.Flatten(), nn.Linear(72, 3)
    )
    network = networked(body)
    with torch.no_grad():
        getattr(body.get_submodule(path), field).view(-1)[1] = value
    with pytest.raises(InvalidGraph, match=f"layer '{path}', {field}: 1 of "):
        trace(body, images_for(SHAPE, 4), constant_thresholds(network))


def test_a_decay_that_is_not_finite_names_its_layer() -> None:
    """A learned decay can break too."""
    body = chain(nn.Conv2d(1, 2, 3))
    network = networked(body)
    with torch.no_grad():
        dict(network.neurons())["1"].decay_logit.fill_(np.nan)
    with pytest.raises(InvalidGraph, match="layer '1', decay: 1 of 1"):
        trace(body, images_for(SHAPE, 4), {"1": 1.0})


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((3, 8, 8), r"a sample of shape \(3, 8, 8\) doesn't fit layer '0'"),
        ((1, 9, 8), r"a sample of shape \(1, 9, 8\) doesn't fit layer '3'"),
        ((64,), r"a sample of shape \(64,\) doesn't fit layer '0'"),
    ],
)
def test_a_sample_that_does_not_fit(
    shape: tuple[int, ...], message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """The message names the layer that fails, and torch's traceback isn't printed."""
    body = nn.Sequential(nn.Conv2d(1, 2, 3), LIF(), nn.Flatten(), nn.Linear(72, 3))
    with pytest.raises(InvalidGraph, match=message) as caught:
        traced(body, shape)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_a_sample_without_batch_axis_is_not_taken_for_a_batch() -> None:
    """torch's convolution would take [C, H, W] for one image without a word."""
    body = nn.Sequential(nn.Conv2d(4, 2, 3), LIF(), nn.Flatten(), nn.Linear(72, 3))
    with pytest.raises(InvalidGraph, match=r"'0' \(Conv2d\): takes \[N, C, H, W\]|doesn't fit"):
        traced(body, (8, 8))
