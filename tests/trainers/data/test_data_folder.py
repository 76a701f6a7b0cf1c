"""Where data sets lie by default."""

from pathlib import Path

import pytest

from trainers.data.data_folder import data_folder
from trainers.errors import DataError


def test_it_lies_in_the_user_s_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Below the home folder."""
    monkeypatch.delenv("SPIKEPORT_DATA", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert data_folder("mnist") == tmp_path / ".cache" / "spikeport" / "mnist"


def test_a_variable_moves_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A relative one starts where the command runs; an empty one doesn't count."""
    monkeypatch.setenv("SPIKEPORT_DATA", "elsewhere")
    monkeypatch.chdir(tmp_path)
    assert data_folder("mnist") == tmp_path / "elsewhere" / "mnist"
    monkeypatch.setenv("SPIKEPORT_DATA", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert data_folder("mnist") == tmp_path / ".cache" / "spikeport" / "mnist"


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says what to set."""

    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("SPIKEPORT_DATA", raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    with pytest.raises(DataError, match=r"data set 'mnist': .* Set SPIKEPORT_DATA, or name"):
        data_folder("mnist")
