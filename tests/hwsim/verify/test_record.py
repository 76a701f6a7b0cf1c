"""verify.json speaks of the files it judged, and of no others."""

import dataclasses
import json
from pathlib import Path

import pytest

from hwsim.pipeline.run_folder import RunFolder
from hwsim.verify import Case, Row
from hwsim.verify.record import VerificationRecord, current_record, judged_files, write_record
from trainers.errors import FileError

ROW = Row("norse", "nir_executor", "float64", 3, 1, 0.5, 0.75, "different", note="why")
CASE = Case(
    2, 3, "l001_lif", (0, 1), True, 1.25, 1.0, 0.25, bound=1e-6, own_membrane=0.5,
    own_after_reset=False,
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """A run folder with three judged files and one that isn't."""
    for name in ("model.nir", "samples.npz", "chip.net", "notes.txt"):
        (tmp_path / name).write_text(name)
    return RunFolder(tmp_path)


def recorded(folder: RunFolder, *rows: Row) -> None:
    record = VerificationRecord(files=judged_files(folder), rows=rows)
    write_record(record, folder.verification)


def test_what_is_written_is_read(folder: RunFolder) -> None:
    """Rows and cases come back equal."""
    rows = (ROW, dataclasses.replace(ROW, case=CASE))
    recorded(folder, *rows)
    found = current_record(folder)
    assert found is not None
    assert found.rows == rows
    assert set(found.files) == {"model.nir", "samples.npz", "chip.net"}


def test_no_record(folder: RunFolder) -> None:
    """A run that wasn't verified has none."""
    assert current_record(folder) is None


@pytest.mark.parametrize("name", ["model.nir", "samples.npz", "chip.net"])
def test_a_changed_file_makes_it_stale(folder: RunFolder, name: str) -> None:
    """One byte in any judged file, and the record speaks of another run."""
    recorded(folder, ROW)
    (folder.path / name).write_text("changed")
    assert current_record(folder) is None


@pytest.mark.parametrize("change", ["gone", "new"])
def test_a_missing_or_further_file_makes_it_stale(folder: RunFolder, change: str) -> None:
    """So does a file that is gone, or one that wasn't judged."""
    recorded(folder, ROW)
    if change == "gone":
        (folder.path / "chip.net").unlink()
    else:
        (folder.path / "model.onnx").write_text("new")
    assert current_record(folder) is None


def test_other_files_don_t_matter(folder: RunFolder) -> None:
    """Only what was judged counts."""
    recorded(folder, ROW)
    (folder.path / "notes.txt").write_text("changed")
    assert current_record(folder) is not None


def test_numbers_that_aren_t_finite(folder: RunFolder) -> None:
    """A runtime that answered NaN leaves valid JSON: null."""
    recorded(folder, dataclasses.replace(ROW, logit_max_abs_diff=float("nan")))
    text = folder.verification.read_text()
    assert json.loads(text, parse_constant=pytest.fail)["rows"][0]["logit_max_abs_diff"] is None
    found = current_record(folder)
    assert found is not None
    assert found.rows[0].logit_max_abs_diff is None


@pytest.mark.parametrize("content", ["", "{", '{"format": 2}', "[1]", '{"format": 1, "rows": []}'])
def test_damage_is_one_line(folder: RunFolder, content: str) -> None:
    """A damaged file is refused and says what to do."""
    folder.verification.write_text(content)
    with pytest.raises(FileError, match=r"verify\.json: damaged .*spikeport verify") as error:
        current_record(folder)
    assert "\n" not in str(error.value)
