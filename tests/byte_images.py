"""Random labelled byte images, and the IDX files that MNIST's family keeps them in."""

import gzip
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


def random_images(
    samples: int, shape: tuple[int, ...] = (28, 28), classes: int = 10, seed: int = 0
) -> tuple[Bytes, Bytes]:
    """Pixels [N, ...], all different, and labels 0, 1, ..., classes - 1, 0, 1, ..."""
    pixels = np.random.default_rng(seed).integers(0, 256, (samples, *shape), np.uint8)
    return pixels, (np.arange(samples) % classes).astype(np.uint8)


def idx_bytes(array: Bytes) -> bytes:
    """The array as an IDX file, header by hand."""
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return b"\x00\x00\x08" + bytes([array.ndim]) + sizes + array.tobytes()


def write_idx(path: Path, array: Bytes) -> Path:
    """Writes an IDX file, gzipped if the name ends in .gz."""
    content = idx_bytes(array)
    path.write_bytes(gzip.compress(content, 1, mtime=0) if path.suffix == ".gz" else content)
    return path


def write_folder(
    folder: Path,
    train: tuple[Bytes, Bytes],
    test: tuple[Bytes, Bytes],
    names: tuple[str, ...] = NAMES,
) -> Path:
    """Writes training images and labels, then test images and labels, under these names."""
    folder.mkdir(exist_ok=True)
    for name, array in zip(names, (*train, *test), strict=True):
        write_idx(folder / name, array)
    return folder
