"""[train]: what its keys mean, and what they can't be together."""

import tomllib
from typing import Any

import pytest
import tomli_w

from trainers.errors import ConfigError
from trainers.recipe import parse_recipe, recipe_document
from trainers.train_table import TrainTable


def recipe(train: dict[str, Any]) -> dict[str, Any]:
    """The smallest recipe with these training keys."""
    return {
        "data": {"name": "digits"}, "network": {"name": "mlp"}, "method": {"use": "baseline"},
        "train": train,
    }  # fmt: skip


SCALE: dict[str, Any] = {
    "accumulate": 4,
    "ema_decay": 0.99,
    "early_stop": 3,
    "checkpoint_every": "200 batches",
    "checkpoint_activations": True,
    "devices": 2,
    "nodes": 3,
}


def test_every_key_comes_back_from_a_written_recipe() -> None:
    """Through real TOML text; what was left out stays so."""
    for train in (SCALE, {"checkpoint_every": 2.5}, {"checkpoint_every": 0}, {}):
        parsed = parse_recipe(recipe(train), "mine")
        text = tomli_w.dumps(recipe_document(parsed))
        again = parse_recipe(tomllib.loads(text), "mine").train
        assert again == parsed.train == TrainTable.model_validate(train)
    assert parse_recipe(recipe(SCALE), "mine").train.model_dump().items() >= SCALE.items()


@pytest.mark.parametrize(
    ("every", "batches", "seconds"),
    [("200 batches", 200, None), (2.5, None, 150.0), (3, None, 180.0), (0, None, None)],
)
def test_checkpoints_come_by_time_or_by_batches(
    every: float | str, batches: int | None, seconds: float | None
) -> None:
    """Minutes as a number, mini-batches as text, and never within an epoch at 0."""
    table = TrainTable(checkpoint_every=every)
    assert (table.checkpoint_batches, table.checkpoint_seconds) == (batches, seconds)


def test_processes_are_devices_of_all_nodes() -> None:
    """One unless said otherwise."""
    assert TrainTable().processes == 1
    assert TrainTable(devices=4, nodes=2).processes == 8


@pytest.mark.parametrize(
    ("train", "said"),
    [
        ({"accumulate": 0}, "train.accumulate: "),
        ({"ema_decay": 1.0}, "train.ema_decay: "),
        ({"early_stop": 0}, "train.early_stop: "),
        ({"devices": 0}, "train.devices: "),
        ({"nodes": 0}, "train.nodes: "),
        ({"checkpoint_every": -1}, "train.checkpoint_every: -1.0 must be a number of minutes"),
        ({"checkpoint_every": "5 minutes"}, "'5 minutes' must be a number of minutes"),
        ({"checkpoint_every": "0 batches"}, "'0 batches' must be"),
        ({"checkpoint_every": "batches"}, "'batches' must be"),
        ({"checkpoint_every": "10"}, "'10' must be"),
        (
            {"batch_size": 4, "devices": 4, "nodes": 2},
            "train: batch_size (4) must be at least devices x nodes (8)",
        ),
    ],
)
def test_what_cannot_be_is_named(train: dict[str, Any], said: str) -> None:
    """Each with its key."""
    with pytest.raises(ConfigError) as error:
        parse_recipe(recipe(train), "mine")
    assert said in str(error.value)
