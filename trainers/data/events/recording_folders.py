"""Which recordings lie in a folder of class folders."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainers.errors import DataError


@dataclass(frozen=True)
class Recordings:
    """Recordings by class and then by name.

    Args:
        classes: names of the class folders.
        files: every recording.
        labels: int64 [N], positions in `classes`.
    """

    classes: tuple[str, ...]
    files: tuple[Path, ...]
    labels: NDArray[np.int64]


def unpacked_folder(path: Path, inside: str) -> Path:
    """Where the data lie: in the folder `inside`, as the archive packs it, or in `path` itself."""
    return path / inside if (path / inside).is_dir() else path


def list_recordings(folder: Path, classes: tuple[str, ...], ending: str, layout: str) -> Recordings:
    """Lists the recordings directly in each class folder.

    Args:
        folder: of the class folders.
        classes: which ones there must be.
        ending: of the recordings' names.
        layout: what is expected and where it comes from, for messages.

    Raises:
        DataError: a class folder is missing, can't be read or holds no recording.
    """
    by_class = [_of_class(folder / name, ending, layout) for name in classes]
    counts = [len(files) for files in by_class]
    return Recordings(
        classes,
        tuple(path for files in by_class for path in files),
        np.repeat(np.arange(len(classes), dtype=np.int64), counts),
    )


def class_folders(folder: Path, layout: str) -> tuple[str, ...]:
    """Names of the folders in a folder, sorted; those that begin with a dot don't count.

    Raises:
        DataError: there is no such folder, or it can't be read.
    """
    try:
        names = sorted(
            entry.name
            for entry in folder.iterdir()
            if entry.is_dir() and not entry.name.startswith(".")
        )
    except OSError as error:
        raise DataError(f"{folder}: can't be read ({error.strerror}). {layout}") from error
    strange = [name for name in names if not name.isprintable()]
    if strange:
        raise DataError(
            f"{folder}: the class folder {strange[0]!a} has a name that can't be printed. Rename "
            "it."
        )
    return tuple(names)


def _of_class(folder: Path, ending: str, layout: str) -> list[Path]:
    try:
        files = sorted(
            entry
            for entry in folder.iterdir()
            if entry.name.endswith(ending) and not entry.name.startswith(".") and entry.is_file()
        )
    except OSError as error:
        raise DataError(f"{folder}: can't be read ({error.strerror}). {layout}") from error
    if not files:
        raise DataError(f"{folder}: no recording ({ending}) in this class folder. {layout}")
    return files
