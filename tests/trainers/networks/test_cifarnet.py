"""cifarnet against the code of MSG."""

import pytest

from tests.whole_networks import convolutions, full_size, linears, spike_shapes, weights

CHANNELS = (256, 256, 256, 256, 512, 512, 1024, 1024)


def test_it_is_the_published_network() -> None:
    """Channels, one linear layer with bias, and parameters counted from the channels."""
    body = full_size("cifarnet", (3, 32, 32))
    before = (3, *CHANNELS)
    assert convolutions(body) == [(i, o, 3, 1) for i, o in zip(before, CHANNELS, strict=False)]
    assert linears(body) == [(1024, 10, True)]
    kernels = sum(9 * i * o for i, o in zip(before, CHANNELS, strict=False))
    assert weights(body) == kernels + 2 * sum(CHANNELS) + 1024 * 10 + 10 == 19_489_546


@pytest.mark.parametrize("size", [32, 48, 224])
def test_three_poolings_halve(size: int) -> None:
    """Two convolutions at each size."""
    shape = (3, size, size)
    sizes = [size >> (k // 2) for k in range(8)]
    expected = [(c, s, s) for c, s in zip(CHANNELS, sizes, strict=True)]
    assert spike_shapes(full_size("cifarnet", shape), shape) == expected
