"""Runs as their folders hold them, and what isn't a run."""

from pathlib import Path

import pytest

from hwsim.report.comparison_runs import read_runs
from tests.comparison_example import run_folder, uncosted
from tests.report_example import example_report
from trainers.errors import ConfigError, FileError


def test_folders_and_files_are_read_in_the_given_order(tmp_path: Path) -> None:
    """With the folder's name, the data set where there is one, and the whole report."""
    b = run_folder(tmp_path / "b", example_report())
    a = run_folder(tmp_path / "a", uncosted(), data=None)
    first, second = read_runs([b, a / "report.json"])
    assert (first.name, second.name) == ("b", "a")
    assert first.report == example_report()
    assert first.costed == first.report
    assert second.costed is None
    assert first.data == {"name": "digits"}
    assert second.data is None


def test_equal_names_are_told_apart_by_their_paths(tmp_path: Path) -> None:
    """As they were given."""
    one = run_folder(tmp_path / "one" / "run", example_report())
    two = run_folder(tmp_path / "two" / "run", example_report())
    assert [run.name for run in read_runs([one, two])] == [str(one), str(two)]


def test_too_few_or_the_same_twice_is_refused(tmp_path: Path) -> None:
    """In words."""
    folder = run_folder(tmp_path / "a", example_report())
    with pytest.raises(ConfigError, match="1 given, two are the fewest"):
        read_runs([folder])
    with pytest.raises(ConfigError, match="named twice"):
        read_runs([folder, folder / "report.json"])


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    """No report, an older one, a damaged one, a damaged recipe: each by its path."""
    good = run_folder(tmp_path / "good", example_report())
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileError, match=r"empty: no report\.json there"):
        read_runs([good, tmp_path / "empty"])
    with pytest.raises(FileError, match=r"missing\.json: can't be read"):
        read_runs([good, tmp_path / "missing.json"])
    old = run_folder(tmp_path / "old", example_report())
    text = (old / "report.json").read_text()
    (old / "report.json").write_text(text.replace('"format": 2', '"format": 1', 1))
    with pytest.raises(FileError, match=r"isn't a report of this version \(format:"):
        read_runs([good, old])
    (old / "report.json").write_text(text[:-40])
    with pytest.raises(FileError, match="isn't a report"):
        read_runs([good, old])
    (old / "report.json").write_text(text)
    (old / "config.toml").write_text("[data\n")
    with pytest.raises(FileError, match=r"config\.toml: not valid TOML"):
        read_runs([good, old])


def test_a_recipe_without_a_data_set_names_none(tmp_path: Path) -> None:
    """Strange, but nothing to stumble over."""
    odd = run_folder(tmp_path / "odd", example_report())
    (odd / "config.toml").write_text("data = 3\n")
    good = run_folder(tmp_path / "good", example_report())
    assert read_runs([odd, good])[0].data is None
