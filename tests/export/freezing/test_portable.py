"""The portable form: encoding C2, and what NIR's readers can't hold."""

from itertools import pairwise
from pathlib import Path

import nir
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from export.errors import InvalidGraph, LimitExceeded, UnsupportedLayer
from export.folding import folded
from export.folding.graph_edit import replaced
from export.folding.neuron_state import changed
from export.freezing import folded_graph, freeze, unfolded
from export.freezing.portable import portable
from export.nir_metadata import FrozenFacts, InputFacts, attach_facts, read_facts
from tests.folding_check import as_bytes
from tests.torch_networks import conv_body, images_for, networked

DT = 1e-4
SHAPE = (1, 8, 8)


def chain(node: nir.NIRNode, given: tuple[int, ...], made: tuple[int, ...]) -> nir.NIRGraph:
    """Input, one node that came from the layer 'layer', output."""
    nodes = {
        "input": nir.Input({"input": np.array(given)}), "l000": node,
        "output": nir.Output({"output": np.array(made)}),
    }  # fmt: skip
    graph = nir.NIRGraph(nodes, list(pairwise(nodes)), type_check=False)
    facts = FrozenFacts(
        spikeport="0", time_steps=2, input=InputFacts(form="static", shape=given),
        modules={"l000": "layer"},
    )  # fmt: skip
    attach_facts(graph, facts)
    return graph


def lif(decay: float, threshold: float = 1.0) -> nir.LIF:
    """Two neurons at unit input gain."""
    tau = np.full(2, DT / (1 - decay))
    return nir.LIF(
        tau=tau, r=tau / DT, v_leak=np.zeros(2), v_threshold=np.full(2, threshold),
        v_reset=np.zeros(2),
    )  # fmt: skip


def conv_node(module: nn.Conv2d, size: tuple[int, int]) -> nir.Conv2d:
    """A torch layer's node."""
    bias = np.zeros(len(module.weight)) if module.bias is None else module.bias.detach().numpy()
    return nir.Conv2d(
        size, module.weight.detach().double().numpy(), module.stride, module.padding,
        module.dilation, module.groups, bias.astype(np.float64),
    )  # fmt: skip


def test_names_sort_in_computing_order() -> None:
    """Files lose the order of nodes; names bring it back, and sums have none."""
    graph = freeze(networked(conv_body()), images_for(SHAPE))
    names = [
        "input", "l000_conv", "l001_lif", "l002_sumpool", "l003_conv", "l004_lif", "l005_sumpool",
        "l006_flatten", "l007_fc", "output",
    ]  # fmt: skip
    assert list(graph.nodes) == sorted(graph.nodes) == names
    assert graph.edges == list(pairwise(names))


@pytest.mark.parametrize(("decay", "snapped"), [(0.2, 819), (0.9, 3686), (1e-5, 0), (0.5, 2048)])
@pytest.mark.parametrize("threshold", [1.0, 0.37])
def test_neurons_hold_encoding_c2(decay: float, snapped: int, threshold: float) -> None:
    """r = 1, tau = dt / (1 - beta), v_threshold = (1 - beta) threshold, no leak, reset to 0."""
    graph = portable(chain(lif(decay, threshold), (2,), (2,)))
    rate = (4096 - snapped) / 4096
    expected = {
        "tau": DT / rate, "r": 1.0, "v_leak": 0.0, "v_reset": 0.0, "v_threshold": rate * threshold,
    }  # fmt: skip
    for key, value in expected.items():
        array = getattr(graph.nodes["l000"], key)
        assert array.dtype == np.float64
        np.testing.assert_array_equal(array, np.full(2, value), err_msg=key)
    assert read_facts(graph).decay_4096 == {"l000": snapped}


def test_decays_are_the_trained_ones_until_then() -> None:
    """Folding snaps nothing, and its facts claim no decay on the grid."""
    network = networked(conv_body())
    graph = folded_graph(network, images_for(SHAPE))
    decays = {
        name: 1 - DT / float(node.tau.flat[0])
        for name, node in graph.nodes.items()
        if isinstance(node, nir.LIF)
    }
    trained = {name: float(neuron.decay) for name, neuron in network.neurons()}
    assert list(decays.values()) == pytest.approx([trained["2"], trained["6"]], rel=1e-12)
    assert read_facts(graph).decay_4096 == {}
    assert read_facts(portable(graph)).decay_4096 == {"l001_lif": 819, "l004_lif": 1638}


def test_freezing_is_the_three_steps() -> None:
    """unfolded, folded and portable in a row are freeze, and each leaves its input alone."""
    network, sample = networked(conv_body()), images_for(SHAPE)
    first = unfolded(network, sample, strategy="mean")
    before = as_bytes(first)
    second = folded(first)
    between = as_bytes(second)
    third = portable(second)
    assert (as_bytes(first), as_bytes(second)) == (before, between)
    assert as_bytes(folded_graph(network, sample, strategy="mean")) == between
    assert as_bytes(freeze(network, sample)) == as_bytes(third)


def test_weights_are_float32_and_shapes_complete() -> None:
    """What readers need: input shapes, explicit numbers, a bias everywhere, no batch axis."""
    graph = freeze(networked(conv_body()), images_for(SHAPE))
    conv, pool, flatten, fc = (
        graph.nodes[n] for n in ("l003_conv", "l005_sumpool", "l006_flatten", "l007_fc")
    )
    assert conv.weight.dtype == conv.bias.dtype == fc.weight.dtype == fc.bias.dtype == np.float32
    assert (conv.input_shape, conv.stride, conv.padding, conv.groups) == ((4, 4), (1, 1), (1, 1), 1)
    assert pool.kernel_size.tolist() == pool.stride.tolist() == [2, 2]
    assert pool.padding.tolist() == [0, 0]
    assert (flatten.start_dim, flatten.end_dim) == (0, -1)
    assert graph.nodes["l001_lif"].v_threshold.shape == (6, 8, 8)


def test_a_linear_node_gets_a_bias() -> None:
    """snnTorch and Sinabs read affine nodes."""
    node = portable(chain(nir.Linear(np.ones((3, 2))), (2,), (3,))).nodes["l000"]
    assert isinstance(node, nir.Affine)
    np.testing.assert_array_equal(node.bias, np.zeros(3, dtype=np.float32))


@pytest.mark.parametrize("options", [{}, {"stride": 2, "padding": 1}, {"dilation": 2}])
def test_groups_are_written_out(options: dict[str, int]) -> None:
    """A grouped kernel becomes a dense one that computes what torch's grouped convolution does."""
    torch.manual_seed(0)
    module = nn.Conv2d(6, 4, 3, groups=2, **options)  # type: ignore[arg-type]
    x = torch.randn(3, 6, 9, 9)
    made = module(x)
    graph = portable(chain(conv_node(module, (9, 9)), (6, 9, 9), tuple(made.shape[1:])))
    node = graph.nodes["l000"]
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
    graph = portable(chain(conv_node(module, (9, 11)), (2, 9, 11), tuple(made.shape[1:])))
    nir.write(tmp_path / "model.nir", graph)
    node = nir.read(tmp_path / "model.nir").nodes["l000"]
    found = F.conv2d(
        x, torch.tensor(node.weight).double(), torch.tensor(node.bias).double(),
        tuple(node.stride), tuple(node.padding), tuple(node.dilation),
    )  # fmt: skip
    torch.testing.assert_close(found, made, rtol=0, atol=1e-5)


def test_a_kernel_that_can_not_be_filled_up_is_refused() -> None:
    """3 rows and 4 columns would need zeros on one side only."""
    node = conv_node(nn.Conv2d(1, 2, (3, 4)), (8, 8))
    with pytest.raises(UnsupportedLayer, match="layer 'layer': a 3x4 kernel can't be filled up"):
        portable(chain(node, (1, 8, 8), (2, 6, 5)))


def test_weights_beyond_float32_are_refused() -> None:
    """A fold that multiplies weights out of range must not write infinity."""
    node = nir.Conv2d((2, 2), np.full((1, 1, 1, 1), 1e39), 1, 0, 1, 1, np.zeros(1))
    with pytest.raises(InvalidGraph, match=r"layer 'layer': folding .* leaves float32"):
        portable(chain(node, (1, 2, 2), (1, 2, 2)))


def test_a_decay_without_leak_is_refused() -> None:
    """By its torch layer; 4096/4096 can't be said."""
    with pytest.raises(LimitExceeded, match=r"layer 'layer': decay 0.999950 rounds to 4096/4096"):
        portable(chain(lif(0.99995), (2,), (2,)))


@pytest.mark.parametrize(
    ("key", "value"), [("v_leak", 0.1), ("v_reset", -0.1), ("tau", np.array([2e-4, 3e-4]))]
)
def test_neurons_that_c2_lacks_are_refused(key: str, value: float) -> None:
    """One tau, no leak, reset to 0: nothing else is dropped in silence."""
    node = changed(lif(0.5), **{key: np.broadcast_to(value, (2,)).copy()})
    node = changed(node, r=node.tau / DT)
    with pytest.raises(UnsupportedLayer, match="layer 'layer': its neurons differ in tau, or leak"):
        portable(chain(node, (2,), (2,)))


def test_leftovers_are_refused() -> None:
    """What a folding should have removed must not slip through."""
    graph = unfolded(networked(conv_body()), images_for(SHAPE))
    with pytest.raises(UnsupportedLayer, match=r"^layer '1': left unfolded \(BatchNorm\)"):
        portable(graph)
    graph = replaced(folded(graph), {"l001_lif": graph.nodes["l001_lif"]})
    portable(graph)
    node = changed(graph.nodes["l001_lif"], r=np.ones((6, 8, 8)))
    with pytest.raises(UnsupportedLayer, match=r"^layer '2': left unfolded \(LIF\)"):
        portable(replaced(graph, {"l001_lif": node}))
