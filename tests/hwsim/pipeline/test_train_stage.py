"""What a training depends on."""

from pathlib import Path
from typing import Any

import pytest

from hwsim.pipeline import train_stage
from hwsim.pipeline.run_folder import RunFolder
from hwsim.pipeline.stage import Context
from trainers.recipe import parse_recipe

RECIPE: dict[str, Any] = {
    "seed": 1,
    "data": {"name": "digits"},
    "network": {"name": "mlp"},
    "method": {"use": "baseline"},
}


def inputs(folder: Path, **tables: Any) -> Any:
    """Of the smallest recipe with some tables replaced."""
    recipe = parse_recipe({**RECIPE, **tables}, "mine")
    return train_stage.inputs(Context(RunFolder(folder), recipe, "cpu", None, False, print))


@pytest.mark.parametrize(
    "tables",
    [
        {"seed": 2},
        {"data": {"name": "digits", "split_seed": 7}},
        {"network": {"name": "conv-small"}},
        {"method": {"use": "ds-atgo"}},
        {"train": {"epochs": 31}},
        {"train": {"accumulate": 2}},
        {"train": {"early_stop": 2}},
        {"augment": {"roll": 1}},
    ],
)
def test_what_changes_training_changes_its_inputs(tmp_path: Path, tables: dict[str, Any]) -> None:
    """So that a finished training is done again instead of skipped."""
    assert inputs(tmp_path, **tables) != inputs(tmp_path)


def test_how_many_processes_read_doesn_t(tmp_path: Path) -> None:
    """An interrupted training continues on another machine; what is read still counts."""
    images = {"name": "image-folder", "path": "images"}
    assert inputs(tmp_path, data={**images, "workers": 7}) == inputs(tmp_path, data=images)
    assert inputs(tmp_path, data={**images, "channels": 1}) != inputs(tmp_path, data=images)


@pytest.mark.parametrize(
    "train",
    [
        {"devices": 4, "nodes": 2},
        {"checkpoint_every": "20 batches"},
        {"checkpoint_activations": True},
    ],
)
def test_how_training_is_carried_out_doesn_t(tmp_path: Path, train: dict[str, Any]) -> None:
    """An interrupted training continues with more processes, less memory, safer; not otherwise."""
    assert inputs(tmp_path, train=train) == inputs(tmp_path)
    assert inputs(tmp_path, train={**train, "ema_decay": 0.9}) != inputs(tmp_path, train=train)


@pytest.mark.parametrize("tables", [{"simulate": {"limit": 1}}, {"report": {"title": "other"}}])
def test_what_comes_after_training_doesn_t(tmp_path: Path, tables: dict[str, Any]) -> None:
    """A finished training stays finished."""
    assert inputs(tmp_path, **tables) == inputs(tmp_path)
