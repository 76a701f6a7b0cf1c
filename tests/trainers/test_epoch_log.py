"""metrics.csv: what stands in it, and what is read back."""

from pathlib import Path

import pytest

from trainers.epoch_log import COLUMNS, WITHOUT_MEMORY, read_metrics, write_metrics
from trainers.errors import FileError

ROWS = [
    dict(zip(COLUMNS, (0, 2.25, 0.1 + 0.2, 2.0, 0.5, 0.01, 4096, 1.5), strict=True)),
    dict(zip(COLUMNS, (1, 1e-9, 1.0, 1 / 3, 0.75, 0.005, 4096, 1.25), strict=True)),
]


def test_numbers_survive_the_file_exactly(tmp_path: Path) -> None:
    """Every float64, bit for bit, under the announced columns."""
    path = tmp_path / "metrics.csv"
    write_metrics(path, ROWS)
    assert path.read_text().splitlines()[0] == ",".join(COLUMNS)
    assert path.read_text().splitlines()[1].startswith("0,2.25,")
    assert read_metrics(path) == ROWS


def test_what_was_not_measured_stays_empty(tmp_path: Path) -> None:
    """Neither 0 nor NaN."""
    path = tmp_path / "metrics.csv"
    row = {key: value for key, value in ROWS[0].items() if key != "validation_loss"}
    write_metrics(path, [row])
    assert read_metrics(path) == [row]


def test_a_file_from_before_memory_was_measured_is_read(tmp_path: Path) -> None:
    """Its other columns are the same."""
    path = tmp_path / "metrics.csv"
    path.write_text(",".join(WITHOUT_MEMORY) + "\n3,0.5,0.5,0.5,0.5,0.1,2.0\n")
    (row,) = read_metrics(path)
    assert (row["epoch"], row["seconds"], len(row)) == (3, 2.0, 7)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "not a metrics.csv"),
        ("epoch,loss\n0,1\n", "not a metrics.csv"),
        (",".join(COLUMNS) + "\n0,high,0,0,0,0,0,0\n", "line 2: could not convert.*'high'"),
        (",".join(COLUMNS) + "\n0,0,0,0,0,0,0,0,0\n", "line 2: "),
    ],
)
def test_another_table_is_refused(tmp_path: Path, content: str, said: str) -> None:
    """With path and line."""
    path = tmp_path / "metrics.csv"
    path.write_text(content)
    with pytest.raises(FileError, match=f"metrics.csv.*{said}") as error:
        read_metrics(path)
    assert "\n" not in str(error.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """With what would make it."""
    with pytest.raises(FileError, match=r"metrics\.csv: can't be read .*Train first"):
        read_metrics(tmp_path / "metrics.csv")
