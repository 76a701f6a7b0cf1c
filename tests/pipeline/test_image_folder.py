"""A folder of image files goes the whole way, and its options change what they should."""

import json
from pathlib import Path

import numpy as np
import pytest

from hwsim.pipeline import tested_samples
from tests.conftest import Command, Outcome
from tests.image_folders import write_folder
from trainers.data.load import load_data
from trainers.npz_file import read_npz

RECIPE = """
[data]
name = "image-folder"
path = "{path}"
image_size = 14

[network]
name = "conv-small"
channels = [4, 8]

[method]
use = ["ds-atgo"]

[train]
time_steps = 2
epochs = 2
batch_size = 16
"""


def test_from_files_to_the_report(
    tmp_path: Path, spikeport: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All test images are measured; another number of readers changes nothing."""
    recipe, images = tmp_path / "insects.toml", write_folder(tmp_path / "insects")
    recipe.write_text(RECIPE.format(path=images))
    folder = tmp_path / "run"

    def ran(*settings: str) -> Outcome:
        given = [word for setting in settings for word in ("--set", setting)]
        return spikeport("run", recipe, "-o", folder, "--device", "cpu", *given)

    monkeypatch.setattr(tested_samples, "MAX_BYTES", 18 * 3 * 14 * 14 * 4 - 1)
    refused = ran()
    assert refused.code == 2
    assert "Set data.test_samples to at most 17." in refused.err
    assert not (folder / "metrics.csv").exists()

    monkeypatch.undo()
    assert ran().code == 0
    report = json.loads((folder / "report.json").read_text())
    assert report["accuracy"]["samples"] == 18
    test = load_data("image-folder", path=images, image_size=14).test
    np.testing.assert_array_equal(read_npz(folder / "samples.npz")["inputs"], test.inputs[:])

    again = ran("data.workers=0")
    assert again.code == 0
    assert again.out.count("up to date, skipped") == 4
