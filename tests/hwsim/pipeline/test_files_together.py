"""Files that belong together appear together, or none of them does."""

from pathlib import Path

import pytest

from hwsim.pipeline.files_together import all_or_none


def test_all_move_when_the_block_ends(tmp_path: Path) -> None:
    """What was there is replaced, and nothing else stays."""
    (tmp_path / "a").write_text("old")
    with all_or_none(tmp_path) as scratch:
        (scratch / "a").write_text("new")
        (scratch / "b").write_text("new")
        assert (tmp_path / "a").read_text() == "old"
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a": "new", "b": "new"}


def test_none_moves_when_one_fails(tmp_path: Path) -> None:
    """The first is written, the second isn't: the folder is as it was."""
    (tmp_path / "a").write_text("old")
    with pytest.raises(OSError, match="full"):
        _interrupted(tmp_path)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a": "old"}


def _interrupted(folder: Path) -> None:
    with all_or_none(folder) as scratch:
        (scratch / "a").write_text("new")
        raise OSError("disk full")
