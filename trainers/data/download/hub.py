"""Fetching a data set of the Hugging Face Hub with the Hub's own client.

Only data files are fetched, never code, at one commit, into a folder beside its place that gets its
name when everything is whole: every file is there, with the size and, for the data files, the
sha256 that the Hub lists. What an interrupted download has fetched is kept for the next one.
"""

import errno
import hashlib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import datasets
import huggingface_hub
from huggingface_hub import constants, errors

from trainers.data.download.storing import alone_in, storing
from trainers.data.hub_extra import quiet_hub
from trainers.errors import DataError, FileError

DATA = ("*.parquet", "*.arrow", "*.jpg", "*.jpeg", "*.png", "*.webp", "*.bmp")
ABOUT = ("README.md", ".huggingface.yaml", "*state.json", "*dataset_info.json", "dataset_dict.json")

TIMEOUT = 30.0
"""Seconds for the list of files."""

_REFUSALS = (errors.HTTPError, OSError, ValueError)  # type: ignore[attr-defined]
"""What the client raises: HTTP errors, no connection, names that can't be."""


def download_data_set(name: str, revision: str | None, folder: Path) -> str:
    """Fetches the data files of OWNER/NAME; returns what was done, one clause.

    Args:
        name: on the Hub.
        revision: commit, tag or branch; None: the newest.
        folder: where they go; it doesn't exist.

    Raises:
        DataError: the Hub can't be reached, has no such data set, no files that can be read, or a
            file arrives damaged.
        FileError: the folder can't be written to, or no space is left.
    """
    if constants.HF_HUB_OFFLINE or datasets.config.HF_HUB_OFFLINE:
        raise DataError(
            f"data set '{name}': HF_HUB_OFFLINE or HF_DATASETS_OFFLINE is set, so nothing is "
            "downloaded. Unset it, or name a folder in data.path."
        )
    with storing(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
    with alone_in(folder.parent):
        return f"already in {folder}" if folder.is_dir() else _fetch(name, revision, folder)


def _fetch(name: str, revision: str | None, folder: Path) -> str:
    commit, files = _listed(name, revision, folder)
    unfinished = folder.with_name(f".{folder.name}.partial")
    try:
        with quiet_hub():
            huggingface_hub.HfApi().snapshot_download(
                name,
                repo_type="dataset",
                revision=commit,
                local_dir=unfinished,
                allow_patterns=[*DATA, *ABOUT],
            )
    except _REFUSALS as error:
        raise _refusal(name, folder, error) from error
    for file in files:
        _refuse_difference(name, unfinished, file)
    with storing(folder):
        unfinished.rename(folder)
    return f"downloaded to {folder} (commit {commit})"


def _listed(name: str, revision: str | None, folder: Path) -> tuple[str, list[Any]]:
    """The commit, and its files that are fetched."""
    try:
        with quiet_hub():
            found = huggingface_hub.HfApi().dataset_info(
                name, revision=revision, timeout=TIMEOUT, files_metadata=True
            )
    except _REFUSALS as error:
        raise _refusal(name, folder, error) from error
    files = [
        file
        for file in found.siblings or []
        if any(fnmatch(file.rfilename, pattern) for pattern in (*DATA, *ABOUT))
    ]
    if not any(fnmatch(file.rfilename, pattern) for file in files for pattern in DATA):
        raise DataError(
            f"data set '{name}': holds no Parquet files, Arrow files or images on the Hub. Others, "
            "and those that need code of their own, aren't read."
        )
    return str(found.sha), files


def _refuse_difference(name: str, folder: Path, file: Any) -> None:
    path = folder / file.rfilename
    held = path.stat().st_size if path.is_file() else None
    if held is None or (file.size is not None and held != file.size):
        found = "didn't arrive" if held is None else f"holds {held:,} bytes"
        raise DataError(
            f"data set '{name}': {file.rfilename} {found}, expected {file.size or 0:,} bytes. "
            "Download it again."
        )
    if file.lfs is None:
        return
    with path.open("rb") as content:
        if hashlib.file_digest(content, "sha256").hexdigest() == file.lfs.sha256:
            return
    path.unlink()
    raise DataError(
        f"data set '{name}': {file.rfilename} arrived damaged: its sha256 isn't the one that the "
        "Hub lists. Download it again."
    )


def _refusal(name: str, folder: Path, error: Exception) -> DataError | FileError:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EACCES):
        return FileError(f"{folder}: can't be written to ({error.strerror}). Free some space.")
    reason = (str(error).splitlines() or [type(error).__name__])[0][:160]
    return DataError(
        f"data set '{name}': can't be downloaded from the Hub ({reason}). Check name, connection "
        "and, for data sets behind a form, `hf auth login`."
    )
