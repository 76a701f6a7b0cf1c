"""What ResNets share: stages, stems and what they refuse."""

import pytest
import torch
from torch import Tensor, nn

from tests.whole_networks import built, full_size, spike_shapes
from trainers.errors import ConfigError
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF

NAMES = ("resnet18", "sew-resnet18", "sew-resnet34")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("stem", "size", "stages"),
    [
        ("cifar", 32, (32, 16, 8, 4)),
        ("cifar", 48, (48, 24, 12, 6)),
        ("imagenet", 48, (12, 6, 3, 2)),
        ("imagenet", 224, (56, 28, 14, 7)),
    ],
)
def test_sizes_of_the_stages(name: str, stem: str, size: int, stages: tuple[int, ...]) -> None:
    """64, 128, 256 and 512 channels, each stage half the size of the one before."""
    shape = (3, size, size)
    shapes = spike_shapes(full_size(name, shape, stem=stem), shape)[1:]
    expected = [(64 << k, side, side) for k, side in enumerate(stages)]
    assert list(dict.fromkeys(shapes)) == expected


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("stem", "least", "halvings"), [("cifar", 8, 3), ("imagenet", 32, 5)])
def test_small_images_are_refused(name: str, stem: str, least: int, halvings: int) -> None:
    """The stem sets the limit."""
    built(name, (1, least, least), width=0.02, stem=stem)
    message = (
        rf"network {name}: {halvings} stages of stride 2 are too many for images of "
        rf"{least - 1}x{least}\. Give images of at least {least}x{least}"
    )
    with pytest.raises(ConfigError, match=message):
        built(name, (1, least - 1, least), width=0.02, stem=stem)


def test_the_imagenet_stem_of_plain_resnet_pools_spikes() -> None:
    """As in the code of MSG: conv 7x7 - norm - LIF - pool, of stride 2 twice."""
    stem = built("resnet18", (3, 32, 32), width=0.125, stem="imagenet").get_submodule("stem")
    assert isinstance(stem, nn.Sequential)
    assert [type(layer) for layer in stem] == [nn.Conv2d, nn.BatchNorm2d, LIF, nn.AvgPool2d]
    conv, pool = stem[0], stem[3]
    assert isinstance(conv, nn.Conv2d)
    assert isinstance(pool, nn.AvgPool2d)
    assert (conv.kernel_size, conv.stride, conv.padding) == ((7, 7), (2, 2), (3, 3))
    assert (pool.kernel_size, pool.stride, pool.padding) == (3, 2, 1)


@pytest.mark.parametrize("name", ["sew-resnet18", "sew-resnet34"])
@pytest.mark.parametrize("stem", ["cifar", "imagenet"])
def test_every_sew_sum_is_a_whole_number_of_spikes(name: str, stem: str) -> None:
    """Identities start from spikes, not from averages of spikes, and sums exceed 1."""
    torch.manual_seed(0)
    body = built(name, (3, 32, 32), width=0.0625, stem=stem)
    network = SpikingNetwork(body, 2)
    sums: list[Tensor] = []
    for block in (b for k in range(1, 5) for b in body.get_submodule(f"stage{k}").children()):
        block.register_forward_hook(lambda _m, _given, out: sums.append(out.detach()))
    network(torch.rand(4, 3, 32, 32))
    assert all(torch.equal(values, values.round()) for values in sums)
    assert max(float(values.max()) for values in sums) > 1
