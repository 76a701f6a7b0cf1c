"""Which images lie in a folder of class folders, held compactly: an ImageNet takes some 60 MB."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainers.errors import DataError

EXTENSIONS = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
"""Endings of the files that count as images, in capitals or not."""


@dataclass(frozen=True)
class ImageFiles:
    """The images of one folder, by class and then by name.

    Args:
        folder: what was listed.
        classes: names of its class folders, sorted.
        labels: int64 [N], positions in `classes`.
        names: all file names, one behind the other. A million str objects would take 100 bytes
            each, and that again in every worker process: counting references copies their memory.
        ends: int64 [N], where each name ends in `names`.
    """

    folder: Path
    classes: tuple[str, ...]
    labels: NDArray[np.int64]
    names: bytes
    ends: NDArray[np.int64]

    def path(self, index: int) -> Path:
        """Where an image lies."""
        start = int(self.ends[index - 1]) if index else 0
        name = os.fsdecode(self.names[start : int(self.ends[index])])
        return self.folder / self.classes[int(self.labels[index])] / name


def list_images(folder: Path, layout: str) -> ImageFiles:
    """Lists every image directly in a class folder; names that begin with a dot don't count.

    Args:
        folder: of the class folders.
        layout: what is expected, and what to do, for messages.

    Raises:
        DataError: no such folder, no class folder in it, no image in a class folder, or a folder's
            name that can't be printed.
    """
    try:
        classes = _class_folders(folder, layout)
        names, lengths = zip(*(_image_names(folder / name) for name in classes), strict=True)
    except OSError as error:
        raise DataError(f"{error.filename}: can't be read ({error.strerror}). {layout}") from error
    counts = [len(of_class) for of_class in lengths]
    return ImageFiles(
        folder,
        classes,
        np.repeat(np.arange(len(classes), dtype=np.int64), counts),
        b"".join(names),
        np.cumsum(np.concatenate(lengths)),
    )


def _class_folders(folder: Path, layout: str) -> tuple[str, ...]:
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder. {layout}")
    with os.scandir(folder) as entries:
        names = sorted(
            entry.name for entry in entries if _is_visible(entry.name) and entry.is_dir()
        )
    if not names:
        raise DataError(f"{folder}: no class folder in it. {layout}")
    strange = [name for name in names if not name.isprintable()]
    if strange:
        raise DataError(
            f"{folder}: the class folder {strange[0]!a} has a name that can't be printed. Rename "
            "it."
        )
    return tuple(names)


def _image_names(folder: Path) -> tuple[bytes, NDArray[np.int64]]:
    """The names of a class's images, sorted, in one piece, and the length of each."""
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if _is_image(entry))
    if not names:
        raise DataError(
            f"{folder}: no image in this class folder (looked for {', '.join(EXTENSIONS)}). Add "
            "images or remove the folder."
        )
    encoded = [os.fsencode(name) for name in names]
    return b"".join(encoded), np.array([len(name) for name in encoded], np.int64)


def _is_image(entry: os.DirEntry[str]) -> bool:
    known = entry.name.lower().endswith(EXTENSIONS)
    return known and _is_visible(entry.name) and entry.is_file()


def _is_visible(name: str) -> bool:
    return not name.startswith(".")
