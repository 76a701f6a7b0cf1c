"""model.chip.onnx as a file: whole, reproducible, refused where it can't be written."""

import os
from pathlib import Path

import pytest

from export.errors import InvalidGraph
from export.onnx import read_onnx
from export.onnx.chip import build_chip_scan, write_chip_onnx
from tests.full_disk import full_disk
from tests.small_chip_graphs import chain, skip
from trainers.errors import FileError


def test_round_trip(tmp_path: Path) -> None:
    """What is read is what was built, and the same graph gives the same bytes."""
    for name in ("a.onnx", "b.onnx"):
        write_chip_onnx(chain(1).graph(4), tmp_path / name, states=True)
    assert read_onnx(tmp_path / "a.onnx") == build_chip_scan(chain(1).graph(4), states=True)
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


def test_larger_than_an_onnx_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What doesn't fit into one protobuf message goes into a second file."""
    monkeypatch.setattr("export.onnx.file.PROTOBUF_BYTES", (1 << 20) + 100)
    monkeypatch.setattr("export.onnx.external_data.SMALLEST_BYTES", 8)
    written = write_chip_onnx(chain(1).graph(4), tmp_path / "model.chip.onnx")
    assert [path.name for path in written] == ["model.chip.onnx", "model.chip.onnx.data"]
    assert read_onnx(written[0]) == build_chip_scan(chain(1).graph(4))


def test_nothing_half_written(tmp_path: Path) -> None:
    """Neither a refused graph nor a full disk leaves a file."""
    with pytest.raises(InvalidGraph):
        write_chip_onnx(skip(1), tmp_path / "model.chip.onnx")
    with full_disk(1000), pytest.raises(FileError, match="can't be written"):
        write_chip_onnx(chain(1).graph(4), tmp_path / "model.chip.onnx")
    assert os.listdir(tmp_path) == []
