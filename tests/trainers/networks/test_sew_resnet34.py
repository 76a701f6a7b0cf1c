"""sew-resnet34 against Fang et al.'s."""

from tests.whole_networks import convolutions, full_size, spike_shapes, weights
from trainers.networks.residual_blocks import SewAddBlock


def test_it_has_the_published_parameters() -> None:
    """As many as torchvision's resnet34."""
    body = full_size("sew-resnet34", (3, 224, 224), 1000, stem="imagenet")
    assert weights(body) == 21_797_672


def test_its_layers() -> None:
    """3-4-6-3 blocks, one LIF for each convolution."""
    body = full_size("sew-resnet34", (3, 32, 32))
    assert len(convolutions(body)) == len(spike_shapes(body, (3, 32, 32))) == 1 + 32 + 3
    blocks = [len(list(body.get_submodule(f"stage{k}").children())) for k in range(1, 5)]
    assert blocks == [3, 4, 6, 3]
    assert sum(isinstance(module, SewAddBlock) for module in body.modules()) == 16
