"""Frames of a set's recordings, built once and kept on disk.

The name of the file (see trainers.data.events.frame_cache) holds a hash of everything that the
frames depend on: which data set and part, the name, size and time of change of every file, and the
options. So kept frames are never other frames than those asked for, and a file that is no longer
wanted may be deleted at any time.
"""

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainers.atomic_file import whole_file
from trainers.data.data_folder import data_folder
from trainers.data.events.frame_cache import FrameCache
from trainers.errors import DataError, FileError

VERSION = 1
"""Raised when the same files and options would give other frames than before."""

DEFAULT_FOLDER = "frames"
"""Beside the default folders of data sets."""


@dataclass(frozen=True)
class FrameSource:
    """Recordings and what their frames depend on.

    Args:
        name: of the data set and the part of it, for the cache's name and the progress bar.
        root: folder of the data set.
        files: everything the frames are read from, below `root`.
        samples: N.
        sample_shape: of one sample's frames, [T, ...].
        settings: options that the frames depend on.
        read: gives the frames of every sample, uint8, in order.
    """

    name: str
    root: Path
    files: tuple[Path, ...]
    samples: int
    sample_shape: tuple[int, ...]
    settings: Mapping[str, object]
    read: Callable[[], Iterator[NDArray[np.uint8]]]


def cached_frames(source: FrameSource, folder: Path | None) -> FrameCache:
    """The frames of a source, built unless they are kept already.

    Args:
        source: what to build.
        folder: for the cache; None: see DEFAULT_FOLDER.

    Raises:
        DataError: a recording is missing or damaged.
        FileError: the cache can't be written, or there is no space for it.
    """
    directory = folder or data_folder(DEFAULT_FOLDER)
    # Read later, perhaps from another working directory.
    path = directory.absolute() / f"{source.name}-{_key(source)}.npy"
    cache = FrameCache(path, source.samples, source.sample_shape)
    if not cache.is_whole():
        _build(cache, source)
    return cache


def _build(cache: FrameCache, source: FrameSource) -> None:
    try:
        with whole_file(cache.path) as partial, partial.open("wb") as file:
            _refuse_full_disk(cache)
            cache.write(file, _with_progress(source))
    except FileError as error:
        raise FileError(f"{error} Frames go to the folder in data.cache.") from error


def _refuse_full_disk(cache: FrameCache) -> None:
    free = shutil.disk_usage(cache.path.parent).free
    if free < cache.size:
        raise FileError(
            f"{cache.path}: the frames take {cache.size:,} bytes, {free:,} are free. Free some "
            "space, or ask for fewer or smaller frames."
        )


def _with_progress(source: FrameSource) -> Iterator[NDArray[np.uint8]]:
    if not sys.stderr.isatty():
        yield from source.read()
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(
        source.read(),
        f"{source.name}: building frames",
        source.samples,
        console=Console(stderr=True),
        transient=True,
    )


def _key(source: FrameSource) -> str:
    facts = {
        "version": VERSION,
        "name": source.name,
        "samples": source.samples,
        "shape": source.sample_shape,
        "settings": dict(source.settings),
        "files": [_identity(source.root, path) for path in source.files],
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def _identity(root: Path, path: Path) -> tuple[str, int, int]:
    try:
        found = path.stat()
    except OSError as error:
        raise DataError(
            f"{path}: can't be read ({error.strerror}). Unpack the archive again."
        ) from error
    return os.fspath(path.relative_to(root)), found.st_size, found.st_mtime_ns
