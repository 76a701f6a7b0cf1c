"""report.json: what is written is read back, what isn't a report is refused in one line."""

from pathlib import Path

import pytest

from hwsim.costing.cost import cost
from hwsim.report.json_file import MAX_FILE_BYTES, read_report, write_report
from tests.cost_example import digits_graph, random_trace
from trainers.errors import FileError


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A valid report.json."""
    path = tmp_path / "report.json"
    write_report(cost(random_trace(digits_graph(), samples=3), "loihi1"), path)
    return path


def test_every_number_survives_the_file(written: Path) -> None:
    """Floats come back bit for bit, and writing again gives the same bytes."""
    report = read_report(written)
    assert report == cost(random_trace(digits_graph(), samples=3), "loihi1")
    before = written.read_bytes()
    write_report(report, written)
    assert written.read_bytes() == before


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"format": 2', '"format": 1', "format"),
        ('"neurons": 1546', '"neurons": "many"', "network.neurons"),
        ('"neurons": 1546', '"neurones": 1546', "network.neurons: Field required"),
        ('"fits": true', '"fits": true, "fitness": 3', "chip.fitness"),
        ('"source": "davies2018"', '"source": "nobody"', "source 'nobody'"),
        ('"time_steps": 4', '"time_steps": 5', "4 values in spikes_per_step for 5 time_steps"),
        ('"host": ', '"host": -', "energy_j.host"),
        ('"samples": null', '"samples": NaN', "accuracy.samples"),
    ],
)
def test_damaged_fields_are_named(written: Path, old: str, new: str, said: str) -> None:
    """The place of the first fault stands in the message."""
    text = written.read_text()
    assert old in text
    written.write_text(text.replace(old, new, 1))
    with pytest.raises(FileError, match=said) as error:
        read_report(written)
    assert "\n" not in str(error.value)


def test_truncated_missing_and_oversized_files_are_refused(written: Path, tmp_path: Path) -> None:
    """Half a file, no file, a folder, and one that no report can need."""
    written.write_bytes(written.read_bytes()[:700])
    with pytest.raises(FileError, match="isn't a report"):
        read_report(written)
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(FileError, match="can't be read"):
            read_report(path)
    with written.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(FileError, match="exceed"):
        read_report(written)
