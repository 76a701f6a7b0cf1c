"""Every method and every network from recipe to report, through the command line.

One epoch each: whether it runs is the question here, not how well it learns.
"""

import json
from pathlib import Path

import pytest

from tests.conftest import Command
from trainers.methods import METHODS
from trainers.networks import NETWORKS
from trainers.recipe_file import RECIPES, load_recipe

DIGITS = [name for name in RECIPES if name.split("-")[0] == "digits"]

REFUSED = {
    "digits-alif": "layer '2' (method alif): each neuron's threshold follows its own",
}
"""Recipes that stop before the chip, and what the one line says."""

RECURRENT = "digits-recurrent"

QUICK = ("--set", "train.epochs=1", "--set", "simulate.limit=20", "--device", "cpu")


def test_every_method_and_network_has_a_small_recipe() -> None:
    """So that the tests below leave none out."""
    recipes = [load_recipe(name) for name in DIGITS]
    assert {method for recipe in recipes for method in recipe.method.use} == set(METHODS)
    assert {recipe.network.name for recipe in recipes} == set(NETWORKS)


@pytest.mark.slow
@pytest.mark.parametrize("recipe", [name for name in DIGITS if name not in (*REFUSED, RECURRENT)])
def test_a_recipe_runs_to_the_report(spikeport: Command, recipe: str, tmp_path: Path) -> None:
    """With every file of a run, and energy on the chip."""
    outcome = spikeport("run", recipe, "-o", tmp_path, *QUICK)
    assert (outcome.code, outcome.err) == (0, "")
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["energy_j"]["total"] > 0
    chip = "network.chip.h5" if "resnet" in recipe else "chip.net"
    for name in ("model.nir", "model.onnx", chip, "diagnostics.npz", "training.html"):
        assert (tmp_path / name).stat().st_size > 0, name


@pytest.mark.slow
def test_a_recurrent_network_runs_to_a_report_without_energy(
    spikeport: Command, tmp_path: Path
) -> None:
    """NIR and ONNX hold it, every runtime repeats it, and no chip is claimed."""
    outcome = spikeport("run", RECURRENT, "-o", tmp_path, *QUICK)
    assert (outcome.code, outcome.err) == (0, "")
    report = json.loads((tmp_path / "report.json").read_text())
    assert "exported to nir, onnx only" in report["no_chip_equivalent"]
    assert "energy_j" not in report
    assert report["layers"][0]["spikes_per_inference"] > 0
    verified = spikeport("verify", tmp_path, "--json")
    assert verified.code == 0
    verdicts = {row["runtime"]: row["verdict"] for row in json.loads(verified.out)}
    assert set(verdicts.values()) <= {"identical", "rounding"}
    assert {"pytorch", "norse", "snntorch", "spikingjelly"} <= verdicts.keys()
    refused = spikeport("export", tmp_path, "--target", "chip")
    assert refused.code == 2
    assert "recurrent networks go to targets nir and onnx" in refused.err


@pytest.mark.slow
@pytest.mark.parametrize("recipe", REFUSED)
def test_a_network_that_no_file_holds_is_refused_by_name(
    spikeport: Command, recipe: str, tmp_path: Path
) -> None:
    """One line and exit code 2 after training."""
    outcome = spikeport("run", recipe, "-o", tmp_path, *QUICK)
    assert outcome.code == 2
    assert REFUSED[recipe] in outcome.err
    assert outcome.err.count("\n") == 1
    assert (tmp_path / "checkpoints" / "last.ckpt").is_file()
    for name in ("model.nir", "model.onnx", "chip.net", "network.chip.h5"):
        assert not (tmp_path / name).exists(), name
