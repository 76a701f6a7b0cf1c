"""Fetching all files of a data set that aren't there yet."""

from pathlib import Path

from trainers.data.download.meter import Meter
from trainers.data.download.source import RemoteFile, Source
from trainers.data.download.storing import alone_in, storing
from trainers.data.download.transfer import transfer
from trainers.data.download.unpack import unpack


def fetch(source: Source, folder: Path, meter: Meter) -> str:
    """Leaves every file of a source in a folder; those that lie there are left alone.

    Of several processes that fetch into one folder at a time, one works and the others wait.

    Returns:
        What was done, one clause.

    Raises:
        DataError: a file can't be fetched, or isn't what was published.
        FileError: the folder can't be written to, or no space is left.
    """
    if not _missing(source, folder):
        return f"already in {folder}"
    with storing(folder / "."):
        folder.mkdir(parents=True, exist_ok=True)
    with alone_in(folder):
        for file in _missing(source, folder):
            _fetch_file(source, file, folder, meter)
    return f"downloaded to {folder}"


def _fetch_file(source: Source, file: RemoteFile, folder: Path, meter: Meter) -> None:
    remedy = (
        f"Check the connection and try again, or fetch it by hand ({source.page}) and name its "
        "folder in data.path."
    )
    partial = transfer(file, folder, meter, remedy)
    if file.members:
        unpack(partial, file.members, folder)
        partial.unlink()
        return
    with storing(partial):
        partial.replace(folder / file.name)


def _missing(source: Source, folder: Path) -> list[RemoteFile]:
    """A packed file may lie there unpacked."""
    return [
        file
        for file in source.files
        if not all(
            (folder / name).is_file() or (folder / name.removesuffix(".gz")).is_file()
            for name in file.kept
        )
    ]
