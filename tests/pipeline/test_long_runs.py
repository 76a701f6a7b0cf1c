"""What takes longer: Lava on the whole test split, other recipes and seeds, a real install."""

import json
from pathlib import Path

import pytest

from hwsim.lava import environment
from tests.conftest import Command

pytestmark = pytest.mark.slow


def test_lava_equals_the_emulator_on_the_whole_test_split(
    digits_run: Path, spikeport: Command
) -> None:
    """All 360 test samples, every u, v and spike of every neuron and step."""
    outcome = spikeport("verify", digits_run, "--json", "--lava-samples", "360")
    row = json.loads(outcome.out)[-1]
    assert (row["runtime"], row["samples"], row["verdict"]) == ("lava", 360, "identical")


@pytest.mark.parametrize("seed", [1, 2])
def test_other_seeds_reach_the_accuracy(tmp_path: Path, spikeport: Command, seed: int) -> None:
    """The digits recipe isn't tuned to its seed."""
    outcome = spikeport("run", "digits", "-o", tmp_path / "run", "--seed", seed)
    assert outcome.code == 0, outcome.err
    accuracy = json.loads((tmp_path / "run" / "report.json").read_text())["accuracy"]
    assert accuracy["trained"] >= 0.98
    assert abs(accuracy["chip"] - accuracy["trained"]) <= 0.015


def test_the_baseline_recipe(tmp_path: Path, spikeport: Command) -> None:
    """Fixed thresholds take the same way to the report, and freezing changes next to nothing."""
    outcome = spikeport("run", "digits-baseline", "-o", tmp_path / "run")
    assert outcome.code == 0, outcome.err
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert report["accuracy"]["chip"] >= 0.97
    assert max(report["fidelity"].values()) < 0.02


def test_a_real_lava_installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From nothing to a complete environment, which a second call leaves alone."""
    monkeypatch.setenv("SPIKEPORT_LAVA_ENV", str(tmp_path / "lava"))
    said: list[str] = []
    environment.install(said.append)
    assert environment.status().installed
    environment.install(said.append)
    assert len(said) >= 2
