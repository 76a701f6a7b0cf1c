"""Archives: the named members come out whole, nothing else does, nothing lands elsewhere."""

import gzip
import io
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.damaged_files import damaged, refusal
from tests.full_disk import full_disk
from trainers.data.download.source import Member
from trainers.data.download.unpack import unpack
from trainers.errors import DataError, FileError

MEMBERS = (Member("set/a.bin", "a.bin", 5_000), Member("set/b.bin", "b.bin", 10))
FILES = {"set/a.bin": b"a" * 5_000, "set/readme.html": b"<html>", "set/b.bin": b"bb"}


def tar(path: Path, files: dict[str, bytes], *others: tarfile.TarInfo) -> Path:
    """A .tar.gz of these files, after any other entries."""
    with tarfile.open(path, "w:gz") as archive:
        for entry in others:
            archive.addfile(entry)
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


def zipped(path: Path, files: dict[str, bytes], *others: zipfile.ZipInfo) -> Path:
    """A .zip of these files, after any other entries."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry in others:
            archive.writestr(entry, "/etc")
        for name, content in files.items():
            archive.writestr(name, content)
    return path


WRITERS: dict[str, Callable[..., Path]] = {".set.tar.gz.partial": tar, ".set.zip.partial": zipped}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the members go: a folder that lies deep enough to be left."""
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def untouched(folder: Path) -> bool:
    """Nothing lies in the folder, nothing but the archive beside it."""
    return list(folder.iterdir()) == [] and len(list(folder.parent.iterdir())) == 2


@pytest.mark.parametrize("name", WRITERS)
def test_the_named_members_come_out(folder: Path, name: str) -> None:
    """Under their new names, and nothing else does."""
    unpack(WRITERS[name](folder.parent / name, FILES), MEMBERS, folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "a.bin": b"a" * 5_000,
        "b.bin": b"bb",
    }


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("evil", ["../evil", "set/../../evil", "/tmp/evil", "..\\evil"])
def test_a_name_that_leads_out_is_refused(folder: Path, name: str, evil: str) -> None:
    """Even where nobody asked for that member: such an archive isn't the published one."""
    archive = WRITERS[name](folder.parent / name, {**FILES, evil: b"evil"})
    with pytest.raises(DataError, match="a link or leads out of the folder"):
        unpack(archive, MEMBERS, folder)
    assert untouched(folder)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE])
def test_links_and_devices_in_a_tar_are_refused(folder: Path, kind: bytes) -> None:
    """A link named as a folder could lead what follows elsewhere."""
    entry = tarfile.TarInfo("set/link")
    entry.type, entry.linkname = kind, "/etc"
    archive = tar(folder.parent / "set.tar.gz", FILES, entry)
    with pytest.raises(DataError, match="'set/link' is a link"):
        unpack(archive, MEMBERS, folder)
    assert untouched(folder)


def test_links_in_a_zip_are_refused(folder: Path) -> None:
    """Unix keeps them as files of another kind."""
    entry = zipfile.ZipInfo("set/link")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive = zipped(folder.parent / "set.zip", FILES, entry)
    with pytest.raises(DataError, match="'set/link' is a link"):
        unpack(archive, MEMBERS, folder)
    assert untouched(folder)


@pytest.mark.parametrize("name", WRITERS)
def test_a_member_larger_than_published_is_refused(folder: Path, name: str) -> None:
    """A small archive can promise a disk full of zeros."""
    archive = WRITERS[name](folder.parent / name, {**FILES, "set/b.bin": bytes(10_000_000)})
    with pytest.raises(DataError, match=r"set/b.bin holds more than 10 bytes"):
        unpack(archive, MEMBERS, folder)
    assert [path.name for path in folder.iterdir()] in ([], ["a.bin"])


@pytest.mark.parametrize("name", WRITERS)
def test_a_lacking_member_is_named(folder: Path, name: str) -> None:
    """Before anything is written."""
    archive = WRITERS[name](folder.parent / name, {"set/a.bin": b"a"})
    with pytest.raises(DataError, match=r"holds no set/b.bin"):
        unpack(archive, MEMBERS, folder)
    assert untouched(folder)


def test_a_full_disk_leaves_no_half_member(folder: Path) -> None:
    """The folder is named."""
    archive = tar(folder.parent / "set.tar.gz", FILES)
    with full_disk(4_000), pytest.raises(FileError, match=r"data: can't be written to"):
        unpack(archive, MEMBERS, folder)
    assert untouched(folder)


@pytest.mark.parametrize("content", [b"", b"PK", b"not packed", gzip.compress(b"not a tar" * 99)])
@pytest.mark.parametrize("name", ["set.tar.gz", "set.zip"])
def test_another_file_is_refused(folder: Path, name: str, content: bytes) -> None:
    """Empty, cut short, or no archive at all."""
    (folder.parent / name).write_bytes(content)
    with pytest.raises(DataError, match=rf"^{name}: (can't be unpacked|holds no set/a.bin)"):
        unpack(folder.parent / name, MEMBERS, folder)
    assert untouched(folder)


def test_an_archive_that_lost_bytes_is_refused(tmp_path: Path) -> None:
    """Its members seem to begin before the file does."""
    (tmp_path / "data").mkdir()
    archive = WRITERS[".set.zip.partial"](tmp_path / "set.zip", FILES)
    whole = archive.read_bytes()
    archive.write_bytes(whole[:45] + whole[65:])
    with pytest.raises(DataError, match=r"^set.zip: can't be unpacked"):
        unpack(archive, MEMBERS, tmp_path / "data")


@settings(max_examples=80, deadline=None)
@given(data=st.data(), name=st.sampled_from(["set.tar.gz", "set.zip"]))
def test_damage_anywhere_is_one_line(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, name: str
) -> None:
    """Members are whole, or the archive is refused."""
    parent = tmp_path_factory.mktemp("damaged")
    (parent / "data").mkdir()
    archive = WRITERS[f".{name}.partial"](parent / name, FILES)
    archive.write_bytes(data.draw(damaged(archive.read_bytes(), start=40)))
    said = refusal(lambda: unpack(archive, MEMBERS, parent / "data"), Path(name), 20e6)
    assert said is None or said.startswith(name)
    assert not list((parent / "data").glob(".*"))
