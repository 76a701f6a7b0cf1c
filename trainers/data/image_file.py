"""One image to pixels, from a file or from bytes: JPEG, PNG, BMP or WebP, whatever its name says.

As the usual evaluation of ImageNet (256 of which 224 are kept, torchvision's Resize and
CenterCrop): the shorter side becomes R = round(size * 256 / 224), the longer one int(R * longer /
shorter), by Pillow's bilinear filter, which averages where it shrinks; of that the centre
size x size is kept, from round((side - size) / 2). Pillow is asked for these pixels alone, so a
long, thin image takes no more memory than another. With R = size nothing but the longer side's ends
is cut away, and an image of that size comes through unchanged.

Pixels are taken as stored: no EXIF rotation, transparency is dropped, as in the usual loaders.
"""

import io
import os
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainers.errors import ConfigError, DataError

try:
    from PIL import Image, UnidentifiedImageError
except ImportError as error:
    raise ConfigError(
        f"reading images: Pillow can't be imported ({error}). Run `pip install 'pillow>=10'`."
    ) from error

FORMATS = ("JPEG", "PNG", "BMP", "WEBP")
"""The only decoders that ever see a file's content; Pillow has others that start programs."""

MODES = {1: "L", 3: "RGB"}
"""Pillow's name for 8 bits in so many channels."""

SHORTER_SIDE = 256 / 224
"""R for each pixel of the crop, where nothing else is wanted."""

_DAMAGE = (
    OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, AttributeError,
    ArithmeticError, RuntimeError, MemoryError, struct.error, zlib.error,
)  # fmt: skip
"""What Pillow's decoders raise on a damaged file, depending on where the damage lies."""


def read_image(path: Path, size: int, channels: int) -> NDArray[np.uint8]:
    """The centre of an image file, [channels, size, size].

    Raises:
        DataError: the file is missing, damaged, cut short or no image, holds more than 8 bits per
            value, or claims more pixels than Pillow's limit against decompression bombs.
    """
    return _decoded(path, str(path), size, channels, round(size * SHORTER_SIDE))


def decode_image(
    content: bytes | Path, where: str, size: int, channels: int, shorter: int | None = None
) -> NDArray[np.uint8]:
    """The centre of an image, [channels, size, size].

    Args:
        content: of an image file, or its place.
        where: what to call it in messages.
        size: side of the square that is cut out.
        channels: 3 (colours) or 1 (grey).
        shorter: R; None: 256 for every 224 pixels.

    Raises:
        DataError: as of `read_image`.
    """
    resized = round(size * SHORTER_SIDE) if shorter is None else shorter
    source = io.BytesIO(content) if isinstance(content, bytes) else content
    return _decoded(source, where, size, channels, resized)


def _decoded(
    source: Path | io.BytesIO, where: str, size: int, channels: int, shorter: int
) -> NDArray[np.uint8]:
    try:
        with warnings.catch_warnings():
            # Transparency and odd metadata don't matter; a warning about the size is an error.
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with _opened(source) as file, Image.open(file, formats=FORMATS) as image:
                _refuse_mode(where, image)
                mode = MODES[channels]
                return _centre(image if image.mode == mode else image.convert(mode), size, shorter)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DataError(
            f"{where}: claims more than {Image.MAX_IMAGE_PIXELS:,} pixels, which could be a "
            "decompression bomb. Replace it by a smaller image."
        ) from error
    except _DAMAGE as error:
        raise DataError(
            f"{where}: isn't a readable image ({_reason(error)}). Fetch it again."
        ) from error


def _opened(source: Path | io.BytesIO) -> io.BytesIO | io.BufferedReader:
    return _WithinFile(source) if isinstance(source, Path) else source


class _WithinFile(io.BufferedReader):
    """A file that makes room for what it still holds, whatever length a damaged chunk claims."""

    def __init__(self, path: Path) -> None:
        super().__init__(io.FileIO(path))
        self._size = os.fstat(self.fileno()).st_size

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            return super().read()
        return super().read(min(size, max(self._size - self.tell(), 0)))


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return f"none of {', '.join(FORMATS)}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return (str(error).splitlines() or [type(error).__name__])[0][:120]


def _refuse_mode(where: str, image: Image.Image) -> None:
    if image.mode.startswith(("I", "F")):
        # Pillow would clip them to 255.
        raise DataError(
            f"{where}: holds more than 8 bits per value (Pillow's mode {image.mode}). Convert it "
            "to 8 bits."
        )


def _centre(image: Image.Image, size: int, wanted: int) -> NDArray[np.uint8]:
    shorter = min(image.size)
    (left, right), (top, bottom) = (_kept(side, shorter, wanted, size) for side in image.size)
    box = (left, top, right, bottom)
    pixels = np.asarray(image.resize((size, size), Image.Resampling.BILINEAR, box))
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


def _kept(side: int, shorter: int, wanted: int, size: int) -> tuple[float, float]:
    """From where to where on a side of the file's image the pixels come, in its own pixels."""
    resized = int(wanted * side / shorter)
    first = round((resized - size) / 2)
    return first * side / resized, min((first + size) * side / resized, side)
