"""From raw pixels to network inputs: scaled, padded with black, whole or row by row.

Inputs are x / white in [0, 1], scaled and never mean-shifted: black stays exactly 0, so zero
padding, here and in convolutions, continues the image instead of framing it.
"""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

ImageForm = Literal["static", "rows"]
"""`static`: [N, C, H, W]; `rows`: a sequence [N, T, W] of the T = H rows of grey images."""

SIZE_MAX = 64
"""Largest side that small images may be padded to; memory grows with its square."""


def scaled_images(
    pixels: NDArray[Any], white: float, size: int | None = None, form: ImageForm = "static"
) -> NDArray[np.float32]:
    """float32 inputs, [N, C, H, W], or [N, H, W] for `rows`.

    Args:
        pixels: [N, C, H, W]; C = 1 for `rows`.
        white: raw value that becomes 1.
        size: side after padding with as much black on each side; None keeps the images as they
            are.
        form: whole images, or sequences of rows.
    """
    samples, channels, height, width = pixels.shape
    top = 0 if size is None else (size - height) // 2
    left = 0 if size is None else (size - width) // 2
    inputs = np.zeros((samples, channels, height + 2 * top, width + 2 * left), np.float32)
    inside = inputs[:, :, top : top + height, left : left + width]
    np.divide(pixels, white, out=inside, dtype=np.float32)
    return inputs[:, 0] if form == "rows" else inputs


def splits_form(form: ImageForm) -> Literal["static", "sequence"]:
    """What `DataSplits` calls it."""
    return "sequence" if form == "rows" else "static"
