"""Scaling and padding of raw images."""

import numpy as np
import pytest

from trainers.data.image_inputs import scaled_images

PIXELS = np.arange(1, 1 + 2 * 3 * 4 * 6, dtype=np.uint8).reshape(2, 3, 4, 6)


def test_pixels_are_divided_in_float32() -> None:
    """x / 255 as float32 rounds it once, not as a product with 1/255."""
    values = np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16)
    expected = np.array([np.float32(x / 255) for x in range(256)]).reshape(1, 1, 16, 16)
    found = scaled_images(values, 255)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, expected)


def test_padding_is_black_and_even_on_all_sides() -> None:
    """numpy's own pad, 2 rows above and below, 1 column left and right."""
    found = scaled_images(PIXELS, 255, 8)
    expected = np.pad(scaled_images(PIXELS, 255), ((0, 0), (0, 0), (2, 2), (1, 1)))
    assert found.shape == (2, 3, 8, 8)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("size", [None, 8])
def test_rows_are_steps(size: int | None) -> None:
    """Step t shows row t, from the top."""
    grey = PIXELS[:, :1]
    whole, rows = (scaled_images(grey, 255, size, form) for form in ("static", "rows"))
    assert rows.shape == (2, size or 4, size or 6)
    for step in range(rows.shape[1]):
        np.testing.assert_array_equal(rows[:, step], whole[:, 0, step])
