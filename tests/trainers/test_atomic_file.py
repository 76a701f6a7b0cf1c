"""Files appear whole or not at all, whatever happens while they are written."""

import errno
import os
from pathlib import Path
from typing import NoReturn

import pytest

from trainers.atomic_file import whole_file
from trainers.errors import FileError


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file that is already there."""
    path = tmp_path / "model.nir"
    path.write_text("old")
    return path


def no_space(*_: object, **__: object) -> NoReturn:
    """What a full disk says."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_the_file_appears_when_the_block_ends(old: Path) -> None:
    """Until then the old one stands, and afterwards nothing temporary is left."""
    with whole_file(old) as partial:
        partial.write_text("new")
        assert old.read_text() == "old"
        assert partial.parent == old.parent
    assert old.read_text() == "new"
    assert os.listdir(old.parent) == ["model.nir"]


def test_the_temporary_name_keeps_the_suffix(tmp_path: Path) -> None:
    """Some writers choose the format by it, or append it where it is missing."""
    with whole_file(tmp_path / "trace.npz") as partial:
        assert partial.suffix == ".npz"
        partial.write_text("content")


def test_missing_folders_are_made(tmp_path: Path) -> None:
    """A run's sub-folders needn't exist."""
    with whole_file(tmp_path / "run" / "checkpoints" / "last.ckpt") as partial:
        partial.write_text("content")
    assert (tmp_path / "run" / "checkpoints" / "last.ckpt").read_text() == "content"


def write_half(path: Path, raised: type[BaseException]) -> NoReturn:
    """Is stopped in the middle."""
    with whole_file(path) as partial:
        partial.write_text("half")
        raise raised


@pytest.mark.parametrize("raised", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_exception_leaves_the_old_file(old: Path, raised: type[BaseException]) -> None:
    """An interrupt too; it is passed on as it is."""
    with pytest.raises(raised):
        write_half(old, raised)
    assert old.read_text() == "old"
    assert os.listdir(old.parent) == ["model.nir"]


def test_an_exception_leaves_no_new_file(tmp_path: Path) -> None:
    """Where there was nothing, there is nothing."""
    with pytest.raises(KeyboardInterrupt):
        write_half(tmp_path / "new.nir", KeyboardInterrupt)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("call", ["write_text", "replace"])
def test_a_full_disk_is_one_line_and_leaves_the_old_file(
    old: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """While writing or while renaming: path, reason and remedy, and nothing half-written."""
    monkeypatch.setattr(Path, call, no_space)
    with pytest.raises(FileError) as error, whole_file(old) as partial:
        partial.write_text("new")
    monkeypatch.undo()
    reason = os.strerror(errno.ENOSPC)
    assert str(error.value) == (
        f"{old}: can't be written ({reason}). Free some space or choose another folder with -o."
    )
    assert old.read_text() == "old"
    assert os.listdir(old.parent) == ["model.nir"]


def test_a_full_disk_before_the_first_byte(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even the temporary file can fail to appear."""
    monkeypatch.setattr("tempfile.mkstemp", no_space)
    with pytest.raises(FileError, match="Free some space"), whole_file(old):
        pytest.fail("the block must not be entered")
    assert old.read_text() == "old"


def test_a_folder_that_is_a_file_is_named(old: Path) -> None:
    """The parent can't be made, and the message says which path failed."""
    with pytest.raises(FileError, match=r"model\.nir/x\.txt: can't be written .*permissions"):  # noqa: SIM117
        with whole_file(old / "x.txt"):
            pytest.fail("the block must not be entered")


def test_a_folder_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    """Renaming a file over a folder fails, and the folder stays."""
    (tmp_path / "model.nir").mkdir()
    with (
        pytest.raises(FileError, match="can't be written"),
        whole_file(tmp_path / "model.nir") as p,
    ):
        p.write_text("new")
    assert os.listdir(tmp_path) == ["model.nir"]
