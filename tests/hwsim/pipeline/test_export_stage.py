"""What an export leaves in the run folder, and what it says about it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwsim.pipeline import export_stage
from hwsim.pipeline.fidelity import read_fidelity
from hwsim.pipeline.run_folder import RunFolder
from hwsim.pipeline.stage import Context
from tests.tiny_training import few_digits
from trainers.build import build_network
from trainers.data import DataSplits, Split
from trainers.errors import FileError
from trainers.network import SpikingNetwork
from trainers.recipe import parse_recipe

CHIP_FILES = {"chip.net", "network.chip.h5", "model.chip.onnx"}


@pytest.fixture(autouse=True)
def untrained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights as they were drawn, and few samples."""

    def network(context: Context, data: DataSplits) -> SpikingNetwork:
        return build_network(context.recipe, data, code_folder=None).eval()

    monkeypatch.setattr(export_stage, "trained_network", network)
    monkeypatch.setattr(export_stage, "build_data", lambda recipe: few_digits())


def exported(folder: Path, *targets: str, form: str = "bias") -> tuple[set[str], str]:
    """Names of what lies in the folder, and what was said."""
    document: dict[str, Any] = {
        "data": {"name": "digits"},
        "network": {"name": "mlp", "hidden": [8]},
        "method": {"use": ["baseline"]},
        "train": {"time_steps": 2, "epochs": 1},
        "export": {"targets": list(targets), "input_form": form},
    }
    run, said = RunFolder(folder), list[str]()
    run.checkpoint.parent.mkdir(parents=True, exist_ok=True)
    run.checkpoint.write_bytes(b"weights")
    recipe = parse_recipe(document, "tiny")
    left = export_stage.make(Context(run, recipe, "cpu", None, False, said.append))
    assert all(path.is_file() for path in left)
    return {path.name for path in folder.iterdir() if path.is_file()}, "\n".join(said)


def test_files_of_an_earlier_export_go(tmp_path: Path) -> None:
    """A chip file that this export didn't write would be simulated with its samples."""
    (tmp_path / "network.chip.h5").write_text("of an earlier network")
    names, _ = exported(tmp_path, "nir", "chip", "chip-onnx")
    assert names & CHIP_FILES == {"chip.net", "model.chip.onnx"}
    (tmp_path / "notes.txt").write_text("not the export's")
    names, _ = exported(tmp_path, "chip-onnx")
    assert names == {"model.chip.onnx", "samples.npz", "fidelity.json", "notes.txt"}
    names, _ = exported(tmp_path, "onnx")
    assert names & {*CHIP_FILES, "model.nir"} == set()
    assert {"model.onnx", "model.step.onnx"} <= names


def test_an_earlier_file_that_stays_is_said(tmp_path: Path) -> None:
    """In one line with its name."""
    (tmp_path / "model.chip.onnx").mkdir()
    with pytest.raises(FileError, match=r"model\.chip\.onnx: can't be written"):
        exported(tmp_path, "nir")


def test_clipped_inputs_are_said_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Test samples three times as bright as the calibration's; else nothing is said."""
    _, said = exported(tmp_path, "chip", form="graded")
    assert "clipped" not in said
    assert read_fidelity(tmp_path / "fidelity.json").clipped_inputs == 0
    data = few_digits()
    inputs = np.asarray(data.test.inputs) * np.float32(3)
    bright = Split(inputs, data.test.labels)
    monkeypatch.setattr(export_stage, "build_data", lambda recipe: replace(data, test=bright))
    _, said = exported(tmp_path, "chip", form="graded")
    largest = np.asarray(data.validation.inputs).max()
    beyond = int((inputs > largest * 1.01).sum())
    assert f"{beyond:,} of {inputs.size:,} input integers were clipped to 0.." in said
    assert read_fidelity(tmp_path / "fidelity.json").clipped_inputs == beyond > 0
