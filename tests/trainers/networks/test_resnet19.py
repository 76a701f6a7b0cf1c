"""resnet19 against the code of DS-ATGO."""

import pytest

from tests.whole_networks import built, convolutions, full_size, linears, spike_shapes, weights
from trainers.errors import ConfigError
from trainers.networks.residual_blocks import CurrentBlock, SewAddBlock


@pytest.mark.parametrize(
    ("residual", "neurons", "block"),
    [("sew-add", 20, SewAddBlock), ("current", 18, CurrentBlock)],
)
def test_its_layers(residual: str, neurons: int, block: type) -> None:
    """17 convolutions and 2 linear layers without bias, and two 1x1 shortcuts."""
    body = full_size("resnet19", (3, 32, 32), residual=residual)
    convs = convolutions(body)
    assert [c for c in convs if c[2] == 1] == [(128, 256, 1, 2), (256, 512, 1, 2)]
    expected = [
        (3, 128, 1), *[(128, 128, 1)] * 6, (128, 256, 2), *[(256, 256, 1)] * 5,
        (256, 512, 2), *[(512, 512, 1)] * 3,
    ]  # fmt: skip
    assert [(i, o, s) for i, o, k, s in convs if k == 3] == expected
    assert linears(body) == [(512, 256, False), (256, 10, False)]
    assert len(spike_shapes(body, (3, 32, 32))) == neurons
    assert sum(isinstance(module, block) for module in body.modules()) == 8
    kernels = sum(i * o * k * k for i, o, k, _ in convs)
    norms = 2 * (sum(o for _, o, _, _ in convs) + 256)
    assert weights(body) == kernels + norms + 512 * 256 + 2560 == 12_698_240


def test_blocks_sum_spikes_unless_asked() -> None:
    """SEW-ADD is the default, as in the authors' code."""
    body = full_size("resnet19", (3, 32, 32))
    assert sum(isinstance(module, SewAddBlock) for module in body.modules()) == 8


@pytest.mark.parametrize("size", [32, 48])
def test_sizes_of_the_stages(size: int) -> None:
    """Full, half and quarter size, then 256 neurons."""
    shape = (3, size, size)
    shapes = spike_shapes(full_size("resnet19", shape), shape)
    expected = [(128 << k, size >> k, size >> k) for k in range(3)]
    assert list(dict.fromkeys(shapes)) == [*expected, (256,)]


def test_small_images_are_refused() -> None:
    """Two strides of 2 need 4x4."""
    built("resnet19", (1, 4, 4), width=0.01)
    with pytest.raises(ConfigError, match=r"2 stages of stride 2 .* 3x4\. Give .* least 4x4"):
        built("resnet19", (1, 3, 4), width=0.01)
