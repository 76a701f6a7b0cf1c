"""Sequences and encodings through the command line: what is learnt, carried and refused."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from export.samples import read_samples
from tests.conftest import Command
from tests.ts_files import write_ts
from trainers.build import build_data, build_network
from trainers.checkpoint import load_weights
from trainers.data import japanese_vowels
from trainers.evaluation import evaluate
from trainers.recipe_file import load_recipe

RECIPES = Path(__file__).parents[2] / "trainers" / "recipes"

TINY = """
[data]
name = "digits"
[network]
name = "mlp"
hidden = [16]
[method]
use = ["baseline"]
[train]
time_steps = 4
epochs = 2
[simulate]
limit = 20
"""


def tiny(folder: Path, encoding: str, recipe: str = TINY) -> Path:
    """A small recipe with an [encoding] table."""
    path = folder / "tiny.toml"
    path.write_text(recipe + encoding)
    return path


@pytest.mark.parametrize("name", ["rate", "latency"])
def test_encoded_images_reach_the_chip(spikeport: Command, tmp_path: Path, name: str) -> None:
    """samples.npz holds the test split's spikes; frozen network and chip run on them."""
    recipe = tiny(tmp_path, f'[encoding]\nname = "{name}"\n')
    outcome = spikeport("run", recipe, "-o", tmp_path / "run", "--device", "cpu")
    assert (outcome.code, outcome.err) == (0, "")
    samples = read_samples(tmp_path / "run" / "samples.npz")
    data = build_data(load_recipe(str(recipe)))
    np.testing.assert_array_equal(samples.inputs, data.test.inputs[:])
    assert samples.inputs.shape == (360, 4, 1, 8, 8)
    assert set(np.unique(samples.inputs)) == {0.0, 1.0}
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert report["accuracy"]["trained"] == report["accuracy"]["frozen"] > 0.3
    assert report["energy_j"]["total"] > 0
    assert f'[encoding]\nname = "{name}"' in (tmp_path / "run" / "config.toml").read_text()


def test_another_encoding_trains_again(spikeport: Command, tmp_path: Path) -> None:
    """The same one is up to date; also one more option counts."""
    tables = ['name = "latency"', 'name = "latency"\ntime = "logarithmic"', 'name = "rate"']
    for table in tables:
        recipe = tiny(tmp_path, f"[encoding]\n{table}\n")
        for again in (False, True):
            outcome = spikeport("train", recipe, "-o", tmp_path / "run", "--device", "cpu")
            assert outcome.code == 0
            assert ("up to date" in outcome.out) == again


def test_series_of_unequal_lengths_reach_the_chip(spikeport: Command, tmp_path: Path) -> None:
    """From two .ts files by delta encoding, ups and downs of two channels."""
    write_ts(tmp_path / "a.ts", 60)
    write_ts(tmp_path / "b.ts", 30, seed=1)
    series = f'name = "ts-file"\ntrain = "{tmp_path}/a.ts"\ntest = "{tmp_path}/b.ts"'
    text = TINY.replace('name = "digits"', series).replace("steps = 4", "steps = 7")
    recipe = tiny(
        tmp_path, '[encoding]\nname = "delta"\n', text.replace("epochs = 2", "epochs = 20")
    )
    outcome = spikeport("run", recipe, "-o", tmp_path / "run", "--device", "cpu")
    assert (outcome.code, outcome.err) == (0, "")
    samples = read_samples(tmp_path / "run" / "samples.npz")
    assert samples.inputs.shape == (30, 7, 4)
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert report["accuracy"]["trained"] == report["accuracy"]["frozen"] > 0.8


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ('name = "delta"', "encoding 'delta': takes sequences, but data set 'digits' has static"),
        ('name = "morse"', "encoding.name: unknown 'morse'; known: delta, direct, latency, rate"),
        ('name = "latency"\ngain = 2', "encoding.gain: unknown key"),
    ],
)
def test_faults_are_one_line(spikeport: Command, tmp_path: Path, encoding: str, said: str) -> None:
    """Exit code 2, before anything is trained."""
    recipe = tiny(tmp_path, f"[encoding]\n{encoding}\n")
    outcome = spikeport("run", recipe, "-o", tmp_path / "run", "--device", "cpu")
    assert outcome.code == 2
    assert said in outcome.err
    assert outcome.err.count("\n") == 1
    assert not (tmp_path / "run" / "checkpoints").exists()


@pytest.mark.slow
def test_japanese_vowels_are_told_apart_down_to_the_chip(
    spikeport: Command, tmp_path: Path
) -> None:
    """The shipped recipe: at least 0.95 on the official test split, last epoch, and kept."""
    outcome = spikeport("run", "japanese-vowels", "-o", tmp_path, "--device", "cpu")
    assert (outcome.code, outcome.err) == (0, "")
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["accuracy"]["samples"] == 370
    assert report["accuracy"]["trained"] >= 0.95
    assert report["accuracy"]["chip"] >= 0.95
    assert report["energy_j"]["total"] > 0


@pytest.mark.slow
def test_recorded_motions_are_told_apart_by_their_level_crossings(
    spikeport: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file as the recipe's own lines write it; a recurrent layer, so no chip is claimed."""
    text = (RECIPES / "basic-motions-delta.toml").read_text()
    lines = [line.removeprefix("#     ") for line in text.splitlines() if line.startswith("#     ")]
    assert (lines[0], lines[-1]) == ("python - <<'END'", "END")
    subprocess.run([sys.executable, "-c", "\n".join(lines[1:-1])], cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    outcome = spikeport("run", "basic-motions-delta", "-o", "run", "--device", "cpu")
    assert (outcome.code, outcome.err) == (0, "")
    assert "no chip equivalent" in outcome.out
    recipe = load_recipe("basic-motions-delta")
    data = build_data(recipe)
    assert data.test.inputs.shape == (40, 100, 12)
    network = build_network(recipe, data)
    load_weights(network, tmp_path / "run" / "checkpoints" / "last.ckpt")
    assert evaluate(network.eval(), data.test).accuracy >= 0.9


def test_without_aeon_the_recipe_says_what_to_do(
    spikeport: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line, exit code 2, nothing left behind."""
    monkeypatch.setattr(japanese_vowels, "find_spec", lambda name: None)
    outcome = spikeport("train", "japanese-vowels", "-o", tmp_path / "run", "--device", "cpu")
    assert outcome.code == 2
    assert "pip install --no-deps aeon==1.6.0" in outcome.err
    assert outcome.err.count("\n") == 1
