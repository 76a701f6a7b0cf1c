"""vggsnn against the code of MPD-AGL and MSG."""

import pytest

from tests.whole_networks import convolutions, full_size, linears, spike_shapes, weights

CHANNELS = (64, 128, 256, 256, 512, 512, 512, 512)


def test_it_is_the_published_network() -> None:
    """Channels, and a classifier of 512 * 3 * 3 with bias at 48x48."""
    body = full_size("vggsnn", (2, 48, 48))
    before = (2, *CHANNELS)
    assert convolutions(body) == [(i, o, 3, 1) for i, o in zip(before, CHANNELS, strict=False)]
    assert linears(body) == [(512 * 9, 10, True)]
    kernels = sum(9 * i * o for i, o in zip(before, CHANNELS, strict=False))
    assert weights(body) == kernels + 2 * sum(CHANNELS) + 4608 * 10 + 10 == 9_268_746


@pytest.mark.parametrize(("size", "left"), [(32, 2), (48, 3), (224, 14)])
def test_four_poolings_halve(size: int, left: int) -> None:
    """Two convolutions at each size; the last pool stands before the classifier."""
    shape = (3, size, size)
    body = full_size("vggsnn", shape)
    sizes = [size >> (k // 2) for k in range(8)]
    expected = [(c, s, s) for c, s in zip(CHANNELS, sizes, strict=True)]
    assert spike_shapes(body, shape) == expected
    assert linears(body)[0][0] == 512 * left**2
