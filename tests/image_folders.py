"""Small folders of real image files, one folder per class, written with Pillow."""

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]

CLASSES = ("ant", "bee", "cow")
SIDE = 16
"""Of the written images; cut out of them are the inner 14 x 14, exactly where the file is a PNG."""


def picture(label: int, number: int, shape: tuple[int, int, int] = (SIDE, SIDE, 3)) -> Pixels:
    """Noise, with a bright band whose place tells the class; no two are equal."""
    pixels = np.random.default_rng([label, number]).integers(0, 100, shape, np.uint8)
    pixels[4 + 3 * label : 7 + 3 * label] += 150
    return pixels


def png_bytes(pixels: Pixels) -> bytes:
    """The pixels as a PNG."""
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return content.getvalue()


def write_part(folder: Path, per_class: int, first: int = 0) -> None:
    """Writes images of each class, PNG and JPEG by turns; `first` numbers the first of them."""
    for label, name in enumerate(CLASSES):
        (folder / name).mkdir(parents=True)
        for number in range(first, first + per_class):
            ending = "png" if number % 2 == 0 else "JPEG"
            image = Image.fromarray(picture(label, number))
            image.save(folder / name / f"{number:04}.{ending}", quality=95)


def write_folder(root: Path, train: int = 20, test: int = 6) -> Path:
    """A small data set; returns its folder."""
    write_part(root / "train", train)
    write_part(root / "val", test, first=train)
    return root
