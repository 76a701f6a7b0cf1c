"""Blocks compute what their equations say."""

import pytest
import torch
from torch import Tensor, nn

from trainers.network import SpikingNetwork
from trainers.networks.residual_blocks import (
    BLOCKS,
    Block,
    CurrentBlock,
    SewAddBlock,
    conv_norm,
    stage,
)
from trainers.neurons.lif import LIF
from trainers.preceding_norm import norms_before

SHAPES = pytest.mark.parametrize("change", [(3, 3, 1), (3, 5, 1), (3, 3, 2), (3, 5, 2)])


def lively(block: nn.Module, steps: int = 3) -> nn.Module:
    """The block in evaluation mode, float64, its norms shifted so that about half fires."""
    for module in block.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.constant_(module.bias, 0.8)
        elif isinstance(module, LIF):
            module.time_steps = steps
    return block.double().eval()


def spikes(shape: tuple[int, ...]) -> Tensor:
    """Random spikes 0/1."""
    return (torch.rand(shape, generator=torch.Generator().manual_seed(1)) < 0.5).double()


@SHAPES
def test_current_blocks_sum_currents_and_fire(change: tuple[int, int, int]) -> None:
    """The last LIF sees branch + shortcut at every step, and its spikes leave the block."""
    torch.manual_seed(0)
    block = lively(CurrentBlock(*change, 0.3))
    assert isinstance(block, CurrentBlock)
    seen: list[Tensor] = []
    block.neuron.register_forward_hook(lambda _m, given, _o: seen.append(given[0]))
    x = spikes((6, 3, 8, 8))
    out = block(x)
    identity = x if change == (3, 3, 1) else block.shortcut(x)
    assert torch.equal(seen[0], block.branch(x) + identity)
    assert out.unique().tolist() == [0.0, 1.0]
    assert out.shape == (6, change[1], 8 // change[2], 8 // change[2])
    kinds = [type(layer) for layer in block.branch]
    assert kinds == [nn.Conv2d, nn.BatchNorm2d, LIF, nn.Conv2d, nn.BatchNorm2d]
    changing = [] if change == (3, 3, 1) else [nn.Conv2d, nn.BatchNorm2d]
    assert [type(layer) for layer in block.shortcut] == changing


@SHAPES
def test_the_norms_before_the_sum(change: tuple[int, int, int]) -> None:
    """The branch's comes first, the shortcut's, where it has one, second."""
    block = CurrentBlock(*change, 0.3)
    before = norms_before(SpikingNetwork(block, 1), "mpd-agl")
    shortcut = [] if change == (3, 3, 1) else [block.shortcut[1]]
    assert [found.norm for found in before["branch.2"]] == [block.branch[1]]
    assert [found.norm for found in before["neuron"]] == [block.branch[4], *shortcut]


@SHAPES
def test_sew_add_blocks_sum_spikes(change: tuple[int, int, int]) -> None:
    """Branch and shortcut fire each for themselves; where both do, the block passes 2."""
    torch.manual_seed(0)
    block = lively(SewAddBlock(*change, 0.3))
    assert isinstance(block, SewAddBlock)
    x = spikes((6, 3, 8, 8))
    out = block(x)
    branch, identity = block.branch(x), x if change == (3, 3, 1) else block.shortcut(x)
    for fired in (branch, identity):
        assert fired.unique().tolist() == [0.0, 1.0]
    assert torch.equal(out, branch + identity)
    assert out.unique().tolist() == [0.0, 1.0, 2.0]
    kinds = [type(layer) for layer in block.branch]
    assert kinds == [nn.Conv2d, nn.BatchNorm2d, LIF] * 2
    changing = [] if change == (3, 3, 1) else [nn.Conv2d, nn.BatchNorm2d, LIF]
    assert [type(layer) for layer in block.shortcut] == changing


def test_sums_grow_along_a_stage() -> None:
    """Each identity adds: after three SEW-ADD blocks on spikes up to 4 arrive."""
    torch.manual_seed(0)
    blocks = lively(stage(SewAddBlock, 3, 3, 3, stride=1, decay=0.3))
    out = blocks(spikes((6, 3, 8, 8)))
    assert out.unique().tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize("block", BLOCKS.values())
def test_only_the_first_block_of_a_stage_changes(block: Block) -> None:
    """Channels and stride there, identities behind."""
    blocks = stage(block, 3, 4, 6, stride=2, decay=0.4)
    first, *rest = blocks.children()
    convs = [m for m in first.modules() if isinstance(m, nn.Conv2d)]
    assert [(c.in_channels, c.out_channels, c.stride[0]) for c in convs] == [
        (4, 6, 2), (6, 6, 1), (4, 6, 2)
    ]  # fmt: skip
    for other in rest:
        convs = [m for m in other.modules() if isinstance(m, nn.Conv2d)]
        assert [(c.in_channels, c.out_channels, c.stride[0]) for c in convs] == [(6, 6, 1)] * 2
    network = SpikingNetwork(blocks, 2)
    decays = [float(neuron.decay) for _, neuron in network.neurons()]
    assert decays == pytest.approx([0.4] * len(decays))


@pytest.mark.parametrize("kernel", [1, 3, 7])
def test_convolutions_keep_the_size(kernel: int) -> None:
    """Odd kernels, padded on both sides, without bias."""
    conv, norm = conv_norm(2, 5, kernel=kernel)
    assert norm(conv(torch.rand(2, 2, 8, 9))).shape == (2, 5, 8, 9)
    assert conv.bias is None
