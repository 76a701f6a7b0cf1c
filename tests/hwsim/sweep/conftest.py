"""A tiny trained run that sweep tests share."""

import shutil
from pathlib import Path

import pytest

from hwsim.cli.app import run
from tests.hwsim.report.conftest import browser

__all__ = ["browser"]

TINY = ("train.epochs=1", "train.time_steps=2", "network.channels=[2, 4]", "report.title=Tiny")


@pytest.fixture(scope="session")
def trained_tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One epoch of DS-ATGO on digits; read it, never change it."""
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    settings = [part for setting in TINY for part in ("--set", setting)]
    assert run(["train", "digits", "-o", str(folder), "--device", "cpu", *settings]) == 0
    return folder


@pytest.fixture
def tiny_run(trained_tiny: Path, tmp_path: Path) -> Path:
    """A copy that a test may sweep."""
    return Path(shutil.copytree(trained_tiny, tmp_path / "tiny"))
