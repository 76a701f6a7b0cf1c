"""Taking known files out of a .tar.gz or .zip, and nothing else.

Only the members that the table of sources names are written, under the names it gives, whole or
not at all. An archive with a name that leads out of its folder, a link or a device is refused
before anything is written: it isn't what was published.
"""

import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from gzip import BadGzipFile
from pathlib import Path, PurePosixPath
from typing import IO

from trainers.data.download.source import Member
from trainers.data.download.storing import store, storing
from trainers.errors import DataError

BLOCK = 1 << 20

_DAMAGE = (
    tarfile.TarError, zipfile.BadZipFile, BadGzipFile, zlib.error, EOFError, NotImplementedError,
    RuntimeError, ValueError, OSError,
)  # fmt: skip
"""What the standard library raises on a damaged, encrypted or strangely packed archive.

OSError too: offsets of an archive that lost bytes may point to before its beginning.
"""


@dataclass(frozen=True)
class _Entry:
    name: str
    size: int
    plain: bool
    opened: Callable[[], IO[bytes] | None]


def unpack(archive: Path, members: tuple[Member, ...], folder: Path) -> None:
    """Writes the named members into a folder.

    Raises:
        DataError: the archive is damaged, lacks a member or holds a larger one, or something that
            could end up elsewhere.
        FileError: the folder can't be written to, or no space is left.
    """
    wanted = {member.inside: member for member in members}
    with _entries(archive) as entries:
        for entry in entries:
            _refuse(archive, entry)
        found = {entry.name: entry for entry in entries if entry.name in wanted}
        lacking = [inside for inside in wanted if inside not in found]
        if lacking:
            raise DataError(
                f"{archive.name}: holds no {lacking[0]}. It isn't the published archive; download "
                "it again."
            )
        for entry in found.values():
            _write(archive, entry, wanted[entry.name], folder)


def _refuse(archive: Path, entry: _Entry) -> None:
    path = PurePosixPath(entry.name.replace("\\", "/"))
    if not entry.plain or path.is_absolute() or ".." in path.parts:
        raise DataError(
            f"{archive.name}: its entry {entry.name[:80]!a} is a link or leads out of the folder. "
            "It isn't the published archive; nothing was unpacked."
        )


def _write(archive: Path, entry: _Entry, member: Member, folder: Path) -> None:
    unfinished = folder / f".{member.name}.partial"
    with storing(unfinished):
        file = unfinished.open("wb", buffering=0)
    try:
        written = 0
        with file:
            for block in _blocks(archive, entry):
                written += len(block)
                if written > member.most:
                    raise DataError(
                        f"{archive.name}: {entry.name} holds more than {member.most:,} bytes. It "
                        "isn't the published archive; download it again."
                    )
                store(file, block, unfinished)
        with storing(unfinished):
            unfinished.replace(folder / member.name)
    finally:
        unfinished.unlink(missing_ok=True)


def _blocks(archive: Path, entry: _Entry) -> Iterator[bytes]:
    with _readable(archive):
        content = entry.opened()
        if content is None:
            raise EOFError(f"{entry.name} has no content")
        with content:
            while block := content.read(BLOCK):
                yield block


@contextmanager
def _entries(archive: Path) -> Iterator[list[_Entry]]:
    if archive.name.removesuffix(".partial").endswith(".zip"):
        with _readable(archive):
            zipped = zipfile.ZipFile(archive)
        with zipped:
            yield [_of_zip(zipped, info) for info in zipped.infolist()]
        return
    with _readable(archive):
        tarred = tarfile.TarFile.gzopen(archive)
    with tarred:
        with _readable(archive):
            infos = tarred.getmembers()
        yield [_of_tar(tarred, info) for info in infos]


def _of_zip(zipped: zipfile.ZipFile, info: zipfile.ZipInfo) -> _Entry:
    kind = stat.S_IFMT(info.external_attr >> 16)
    plain = kind in (0, stat.S_IFREG, stat.S_IFDIR)
    return _Entry(info.filename, info.file_size, plain, partial(zipped.open, info))


def _of_tar(tarred: tarfile.TarFile, info: tarfile.TarInfo) -> _Entry:
    plain = info.isreg() or info.isdir()
    return _Entry(info.name, info.size, plain, partial(tarred.extractfile, info))


@contextmanager
def _readable(archive: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise DataError(
            f"{archive.name}: can't be unpacked ({reason}). Remove it and download it again."
        ) from error
