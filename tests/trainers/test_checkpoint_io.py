"""Lightning's checkpoint file, written whole."""

import errno
import os
from pathlib import Path
from typing import NoReturn

import pytest
import torch

from trainers.checkpoint_io import WholeFileCheckpointIO
from trainers.errors import FileError


def test_what_is_saved_is_what_torch_reads(tmp_path: Path) -> None:
    """One file, its folder made, nothing temporary beside it."""
    path = tmp_path / "checkpoints" / "last.ckpt"
    WholeFileCheckpointIO().save_checkpoint({"epoch": 1, "weight": torch.arange(3)}, path)
    content = torch.load(path, weights_only=True)
    assert content["weight"].tolist() == [0, 1, 2]
    assert os.listdir(path.parent) == ["last.ckpt"]


def test_a_full_disk_leaves_the_old_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message is one line, and the run can be continued from what stands there."""
    path = tmp_path / "last.ckpt"
    WholeFileCheckpointIO().save_checkpoint({"epoch": 1}, path)

    def no_space(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", no_space)
    with pytest.raises(FileError, match=r"last\.ckpt: can't be written .*Free some space"):
        WholeFileCheckpointIO().save_checkpoint({"epoch": 2}, path)
    assert torch.load(path, weights_only=True) == {"epoch": 1}
    assert os.listdir(tmp_path) == ["last.ckpt"]
