"""Bad input ends with one clear line and exit code 2, and leaves nothing half-written."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conftest import Command, Outcome


def refused(outcome: Outcome, *words: str) -> None:
    """One line on standard error, exit code 2, and each of the words in it."""
    assert outcome.code == 2
    assert len(outcome.err.strip().splitlines()) == 1, outcome.err
    assert outcome.err.startswith("spikeport: error: ")
    for word in words:
        assert word in outcome.err


def truncate(path: Path, share: float = 0.5) -> None:
    """Keeps the first part of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])


def test_missing_recipe(spikeport: Command, tmp_path: Path) -> None:
    """A recipe that is neither shipped nor a file names those that are."""
    refused(spikeport("run", "nosuch", "-o", tmp_path / "r"), "recipe 'nosuch'", "digits")
    assert not (tmp_path / "r").exists()


def test_all_faults_of_a_recipe_at_once(spikeport: Command, tmp_path: Path) -> None:
    """Unknown keys and wrong values are reported together, each with its place."""
    settings = ("train.epoch=3", "train.batch_size=1", "network.chanels=[3]", "data.name=nosuch")
    outcome = spikeport(
        "run", "digits", "-o", tmp_path / "r", *(part for s in settings for part in ("--set", s))
    )
    refused(outcome, "train.epoch: unknown key", "train.batch_size", "network.chanels: unknown key",
            "data.name: unknown 'nosuch'")  # fmt: skip
    assert not (tmp_path / "r").exists()


def test_a_recipe_that_is_not_toml(spikeport: Command, tmp_path: Path) -> None:
    """The parser's place is passed on."""
    recipe = tmp_path / "broken.toml"
    recipe.write_text("[data\nname = 3")
    refused(spikeport("run", recipe, "-o", tmp_path / "r"), "not valid TOML", "line 1")


def test_unknown_chip_and_target_stop_before_training(spikeport: Command, tmp_path: Path) -> None:
    """Names that only later stages use are checked first."""
    common = ("run", "digits", "-o", tmp_path / "r", "--set")
    refused(spikeport(*common, "simulate.chip=loihi9"), "chip 'loihi9'", "loihi1")
    refused(spikeport(*common, 'export.targets=["nir", "coreml"]'), "coreml", "netx")
    assert not (tmp_path / "r" / "checkpoints").exists()


def test_not_a_run_folder(spikeport: Command, tmp_path: Path) -> None:
    """Commands on a folder say what they miss and how to make it."""
    for command in ("export", "simulate", "report", "verify"):
        refused(spikeport(command, tmp_path), "not a run folder", "spikeport run")


def test_truncated_checkpoint(spikeport: Command, digits_run: Path) -> None:
    """A damaged checkpoint isn't exported."""
    truncate(digits_run / "checkpoints" / "last.ckpt")
    refused(spikeport("export", digits_run), "last.ckpt", "not a readable checkpoint")


def test_not_a_number_in_the_checkpoint(spikeport: Command, digits_run: Path) -> None:
    """A weight that is NaN is refused by name."""
    import torch

    path = digits_run / "checkpoints" / "last.ckpt"
    content = torch.load(path, weights_only=True)
    content["state_dict"]["network.body.0.weight"][0, 0, 0, 0] = float("nan")
    torch.save(content, path)
    refused(spikeport("export", digits_run), "body.0.weight", "1 of 144 values are NaN")


def test_a_checkpoint_that_would_run_code(spikeport: Command, digits_run: Path) -> None:
    """A pickle with a payload is refused, and the payload isn't run."""
    import pickle

    marker = digits_run / "ran"

    class Payload:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (marker,))

    (digits_run / "checkpoints" / "last.ckpt").write_bytes(pickle.dumps(Payload()))
    refused(spikeport("export", digits_run), "last.ckpt", "not a readable checkpoint")
    assert not marker.exists()


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.98])
@pytest.mark.parametrize("name", ["model.nir", "model.onnx", "chip.net", "samples.npz"])
def test_truncated_files(
    spikeport: Command, digits_run: Path, tmp_path: Path, name: str, share: float
) -> None:
    """Each exported file, cut anywhere, is refused by its name."""
    copy = tmp_path / name
    copy.write_bytes((digits_run / name).read_bytes())
    truncate(copy, share)
    refused(spikeport("inspect", copy), name)


@pytest.mark.parametrize("name", ["a.nir", "a.onnx", "a.net", "a.npz", "a.txt"])
def test_missing_and_unknown_files(spikeport: Command, tmp_path: Path, name: str) -> None:
    """A path that isn't there is named."""
    refused(spikeport("inspect", tmp_path / name), name)


def test_not_a_number_in_a_nir_file(spikeport: Command, digits_run: Path) -> None:
    """verify refuses a NIR file with an infinite weight, naming the node."""
    with h5py.File(digits_run / "model.nir", "r+") as file:
        weight = file["node/nodes/l000_conv/weight"]
        weight[0, 0, 0, 0] = np.inf
    refused(spikeport("verify", digits_run), "l000_conv", "weight", "NaN or infinite")


def damaged(folder: Path, change: Callable[[dict[str, NDArray[Any]]], None]) -> None:
    """Rewrites samples.npz after a change to its arrays."""
    with np.load(folder / "samples.npz") as content:
        arrays = dict(content)
    change(arrays)
    np.savez(folder / "samples.npz", **arrays)


def test_wrong_input_shape(spikeport: Command, digits_run: Path) -> None:
    """Samples of another shape name what the network takes."""
    damaged(digits_run, lambda a: a.update(inputs=a["inputs"][:, :, :7]))
    refused(spikeport("verify", digits_run), "1, 7, 8)", "[N, 1, 8, 8]")


def test_wrong_chip_input_shape(spikeport: Command, digits_run: Path) -> None:
    """Chip inputs of another shape name what the chip file takes."""
    damaged(digits_run, lambda a: a.update(chip_inputs=a["chip_inputs"][:, :3]))
    refused(spikeport("simulate", digits_run), "(360, 3, 8, 8)", "[N, 16, 8, 8]")


def test_chip_inputs_that_are_not_integers(spikeport: Command, digits_run: Path) -> None:
    """A chip takes integers; floats are refused, not rounded."""
    damaged(digits_run, lambda a: a.update(chip_inputs=a["chip_inputs"] + 0.5))
    net, samples = digits_run / "chip.net", digits_run / "samples.npz"
    refused(spikeport("simulate", net, "--inputs", samples), "chip_inputs", "integers")


def test_labels_out_of_range(spikeport: Command, digits_run: Path) -> None:
    """A label without a logit is refused with both ranges."""
    damaged(digits_run, lambda a: a["labels"].__setitem__(0, 10))
    refused(spikeport("verify", digits_run), "labels", "0 to 9", "10")


def test_a_chip_file_without_inputs(spikeport: Command, digits_run: Path) -> None:
    """A file on its own needs to be told what to run on."""
    refused(spikeport("simulate", digits_run / "chip.net"), "--inputs FILE.npz")


def test_wrong_options(spikeport: Command, digits_run: Path) -> None:
    """Options are checked with their allowed values."""
    refused(spikeport("simulate", digits_run, "--backend", "brian"), "emulator or lava")
    refused(spikeport("list", "planets"), "methods, networks")
    refused(spikeport("run", "digits", "--device", "tpu", "-o", digits_run / "x"), "cpu or cuda")
    refused(spikeport("frobnicate"), "frobnicate")
    refused(spikeport("run", "digits", "--no-such-option"), "--no-such-option")


LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
from hwsim.cli.app import run
sys.exit(run(sys.argv[2:]))
"""


@pytest.mark.parametrize(("limit", "name"), [(3_000, "model.nir"), (140_000, "chip.net")])
def test_a_disk_that_takes_no_more(digits_run: Path, limit: int, name: str) -> None:
    """A write that the system refuses half-way leaves no partial file, whatever the format."""
    (digits_run / "manifest.json").unlink()
    for path in (digits_run / "model.nir", digits_run / "chip.net"):
        path.unlink()
    before = {path.name for path in digits_run.iterdir()}
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(limit), "export", str(digits_run)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert f"{name}: can't be written" in done.stderr
    after = {path.name for path in digits_run.iterdir()}
    assert after - before <= {"model.nir"}
    assert name not in after
