"""Reading IDX files of unsigned bytes, plain or gzipped: MNIST's format and its family's.

Layout, big-endian: two zero bytes, 0x08 for unsigned bytes, the number of axes; one uint32 size per
axis; then the values, last axis fastest (http://yann.lecun.com/exdb/mnist/).

Memory follows what a file really holds: its header is checked against a limit, and no more than
the header promises, and one byte to notice more, is ever read or unpacked.
"""

import gzip
import zlib
from contextlib import AbstractContextManager
from math import prod
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from trainers.errors import DataError

LABELS_MAGIC = 0x00000801
IMAGES_MAGIC = 0x00000803

MAX_BYTES = 1 << 31
"""2 GiB; the largest public file of the family, EMNIST ByClass, holds 0.5 GiB."""

BLOCK = 1 << 20
"""Bytes read at a time, so that a promise alone allocates nothing."""

REMEDY = "Fetch the file again."


def read_images(path: Path) -> NDArray[np.uint8]:
    """Images of one file, [N, H, W].

    Raises:
        DataError: the file is missing, isn't an IDX file of images, is too large, or holds more or
            less than its header says.
    """
    return _read(path, IMAGES_MAGIC, ("images", "rows", "columns"))


def read_labels(path: Path) -> NDArray[np.uint8]:
    """Labels of one file, [N].

    Raises:
        DataError: as of `read_images`.
    """
    return _read(path, LABELS_MAGIC, ("labels",))


def _read(path: Path, magic: int, axes: tuple[str, ...]) -> NDArray[np.uint8]:
    try:
        with _opened(path) as file:
            sizes = _sizes(path, file, magic, axes)
            claimed = prod(sizes)
            content = _read_at_most(file, claimed + 1)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path}: can't be read as an IDX file ({reason}). {REMEDY}") from error
    if len(content) != claimed:
        held = "more" if len(content) > claimed else f"{len(content):,}"
        raise DataError(
            f"{path}: its header promises {_named(sizes, axes)}, {claimed:,} bytes, but it holds "
            f"{held}. {REMEDY}"
        )
    return np.frombuffer(content, np.uint8).reshape(sizes)


def _opened(path: Path) -> AbstractContextManager[BinaryIO]:
    if path.suffix == ".gz":
        return cast(AbstractContextManager[BinaryIO], gzip.open(path, "rb"))
    return path.open("rb")


def _sizes(path: Path, file: BinaryIO, magic: int, axes: tuple[str, ...]) -> tuple[int, ...]:
    length = 4 * (1 + len(axes))
    header = _read_at_most(file, length)
    found = int.from_bytes(header[:4], "big")
    if len(header) < length or found != magic:
        raise DataError(
            f"{path}: starts with 0x{bytes(header[:4]).hex()}, expected 0x{magic:08x} and "
            f"{len(axes)} sizes, an IDX file of {axes[0]}. Check that the name fits the content, "
            "and that only .gz files are packed."
        )
    sizes = tuple(int.from_bytes(header[at : at + 4], "big") for at in range(4, length, 4))
    if not 0 < prod(sizes) <= MAX_BYTES:
        raise DataError(
            f"{path}: its header promises {_named(sizes, axes)}; at least one of each and at most "
            f"{MAX_BYTES:,} bytes are read. {REMEDY}"
        )
    return sizes


def _read_at_most(file: BinaryIO, limit: int) -> bytearray:
    content = bytearray()
    while len(content) < limit and (block := file.read(min(BLOCK, limit - len(content)))):
        content += block
    return content


def _named(sizes: tuple[int, ...], axes: tuple[str, ...]) -> str:
    return " x ".join(f"{size:,} {axis}" for size, axis in zip(sizes, axes, strict=True))
