"""resnet18 against He et al.'s."""

from tests.whole_networks import convolutions, full_size, linears, spike_shapes, weights
from trainers.networks.residual_blocks import CurrentBlock


def test_it_has_the_published_parameters() -> None:
    """torchvision's resnet18 has 11,689,512 for 1,000 classes."""
    body = full_size("resnet18", (3, 224, 224), 1000, stem="imagenet")
    assert weights(body) == 11_689_512
    assert linears(body) == [(512, 1000, True)]


def test_its_layers() -> None:
    """Stem, 2-2-2-2 blocks of two 3x3 convolutions and three 1x1 shortcuts, 17 LIF."""
    body = full_size("resnet18", (3, 32, 32))
    convs = convolutions(body)
    assert convs[0] == (3, 64, 3, 1)
    assert [c for c in convs if c[2] == 1] == [
        (64, 128, 1, 2), (128, 256, 1, 2), (256, 512, 1, 2)
    ]  # fmt: skip
    assert len(convs) == 1 + 16 + 3
    blocks = [len(list(body.get_submodule(f"stage{k}").children())) for k in range(1, 5)]
    assert blocks == [2, 2, 2, 2]
    assert len(spike_shapes(body, (3, 32, 32))) == 1 + 16
    assert sum(isinstance(module, CurrentBlock) for module in body.modules()) == 8
