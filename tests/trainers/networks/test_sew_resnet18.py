"""sew-resnet18 against Fang et al.'s."""

from tests.whole_networks import convolutions, full_size, spike_shapes, weights
from trainers.networks.residual_blocks import SewAddBlock


def test_it_has_the_published_parameters() -> None:
    """As many as torchvision's resnet18, which it is but for the spikes."""
    body = full_size("sew-resnet18", (3, 224, 224), 1000, stem="imagenet")
    assert weights(body) == 11_689_512


def test_its_layers() -> None:
    """One LIF for each convolution, shortcuts included."""
    body = full_size("sew-resnet18", (3, 32, 32))
    assert len(convolutions(body)) == len(spike_shapes(body, (3, 32, 32))) == 1 + 16 + 3
    blocks = [len(list(body.get_submodule(f"stage{k}").children())) for k in range(1, 5)]
    assert blocks == [2, 2, 2, 2]
    assert sum(isinstance(module, SewAddBlock) for module in body.modules()) == 8
