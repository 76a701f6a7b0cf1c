"""A user's own module in a recipe: asked for permission, then run like any other."""

import json
from pathlib import Path

import pytest

from tests.conftest import Command

MODULE = """
from torch import nn
from trainers import LIF


def build(sample_shape, classes, width):
    channels, height, size = sample_shape
    return nn.Sequential(
        nn.Flatten(), nn.Linear(channels * height * size, width), nn.BatchNorm1d(width), LIF(),
        nn.Linear(width, classes),
    )


def pooled(sample_shape, classes):
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), LIF(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, classes)
    )


class Residual(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), LIF())
        self.branch = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), LIF())
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(256, classes))

    def forward(self, x):
        spikes = self.stem(x)
        return self.head(spikes + self.branch(spikes))


def residual(sample_shape, classes):
    return Residual(classes)
"""

RECIPE = """
[data]
name = "digits"
[network]
factory = "my_net:{function}"
{options}
[method]
use = ["baseline"]
[train]
epochs = 1
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A recipe with a factory beside it."""
    (tmp_path / "my_net.py").write_text(MODULE)
    path = tmp_path / "mine.toml"
    path.write_text(RECIPE.format(function="build", options="width = 32"))
    return path


@pytest.fixture(autouse=True)
def fresh_import(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test imports its own my_net."""
    import sys

    monkeypatch.delitem(sys.modules, "my_net", raising=False)


def test_a_factory_needs_permission(recipe: Path, tmp_path: Path, spikeport: Command) -> None:
    """Code from outside isn't run unless --allow-code says so."""
    outcome = spikeport("run", recipe, "-o", tmp_path / "run")
    assert outcome.code == 2
    assert "network.factory 'my_net:build'" in outcome.err
    assert "--allow-code" in outcome.err


def test_a_factory_runs_to_the_report(recipe: Path, tmp_path: Path, spikeport: Command) -> None:
    """With permission, the user's network is trained, exported, emulated and costed."""
    outcome = spikeport("run", recipe, "-o", tmp_path / "run", "--allow-code")
    assert outcome.code == 0, outcome.err
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert [layer["neurons"] for layer in report["layers"]] == [32, 10]


def test_max_pooling_is_refused_by_name(tmp_path: Path, recipe: Path, spikeport: Command) -> None:
    """An unsupported layer stops the export with its name, the reason and a remedy."""
    recipe.write_text(RECIPE.format(function="pooled", options=""))
    outcome = spikeport("run", recipe, "-o", tmp_path / "run", "--allow-code")
    assert outcome.code == 2
    assert "layer '2' (MaxPool2d): not supported. Use AvgPool2d" in outcome.err
    assert len(outcome.err.strip().splitlines()) == 1
    assert not (tmp_path / "run" / "model.nir").exists()


def test_a_chip_that_cannot_carry_the_network_is_named(
    tmp_path: Path, recipe: Path, spikeport: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A residual network runs from its chip graph's file; netx refuses it, with the reason."""
    recipe.write_text(RECIPE.format(function="residual", options=""))
    outcome = spikeport("run", recipe, "-o", tmp_path / "run", "--allow-code")
    assert outcome.code == 0, outcome.err
    assert (tmp_path / "run" / "network.chip.h5").is_file()
    # Commands on a run folder look for the factory in the working directory.
    monkeypatch.chdir(tmp_path)
    chain = spikeport("export", tmp_path / "run", "--target", "netx", "--allow-code")
    assert chain.code == 2
    assert "chain" in chain.err
    assert len(chain.err.strip().splitlines()) == 1
    assert not (tmp_path / "run" / "chip.net").exists()
    export = spikeport(
        "export", tmp_path / "run", "--target", "nir", "--target", "onnx", "--allow-code"
    )
    assert export.code == 0, export.err
    assert (tmp_path / "run" / "model.step.onnx").is_file()
