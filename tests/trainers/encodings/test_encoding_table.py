"""[encoding] of a recipe: checked like the other tables, and written back."""

import tomllib
from typing import Any

import pytest
import tomli_w

from trainers.encodings import ENCODINGS
from trainers.encodings.delta import DeltaOptions
from trainers.encodings.encoding_table import EncodingTable
from trainers.errors import ConfigError
from trainers.recipe import parse_recipe, recipe_document

SMALLEST: dict[str, Any] = {
    "data": {"name": "digits"},
    "network": {"name": "mlp"},
    "method": {"use": "baseline"},
}


def message(table: object) -> str:
    """The one line for a recipe with this table."""
    with pytest.raises(ConfigError) as error:
        parse_recipe({**SMALLEST, "encoding": table}, "mine")
    assert "\n" not in str(error.value)
    return str(error.value)


def test_without_a_table_samples_enter_directly() -> None:
    """As always; the written recipe says so."""
    recipe = parse_recipe(SMALLEST, "mine")
    assert recipe.encoding == EncodingTable()
    assert recipe_document(recipe)["encoding"] == {"name": "direct"}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"name": "morse"}, "encoding.name: unknown 'morse'; known: delta, direct, latency, rate"),
        ({}, "encoding.name: unknown None"),
        ({"name": ["rate"]}, "encoding.name: unknown ['rate']"),
        ("rate", "[encoding]: must be a table that names an encoding"),
        ({"name": "rate", "gain": 2}, "encoding.gain: unknown key"),
        ({"name": "delta", "step": 0}, "encoding.step: input should be greater than 0 (got 0)"),
        ({"name": "delta", "crossings": "two"}, "encoding.crossings: input should be 'count' or"),
        ({"name": "latency", "threshold": 1}, "encoding.threshold: input should be less than 1"),
        ({"name": "latency", "time": "log"}, "encoding.time: "),
    ],
)
def test_faults_are_named_with_their_place(table: object, said: str) -> None:
    """In one line with those of other tables."""
    assert said in message(table)


def test_faults_of_other_tables_come_along() -> None:
    """One reading mends the whole recipe."""
    with pytest.raises(ConfigError) as error:
        parse_recipe(
            {**SMALLEST, "encoding": {"name": "rate", "gain": 2}, "train": {"epochs": 0}}, "mine"
        )
    assert "encoding.gain: " in str(error.value)
    assert "train.epochs: " in str(error.value)


@pytest.mark.parametrize("name", ENCODINGS)
def test_a_written_recipe_reads_back_to_the_same(name: str) -> None:
    """config.toml of a run, through real TOML text, with every default written out."""
    recipe = parse_recipe({**SMALLEST, "encoding": {"name": name}}, "mine")
    again = parse_recipe(tomllib.loads(tomli_w.dumps(recipe_document(recipe))), "mine")
    assert again == recipe
    assert type(again.encoding.options) is ENCODINGS[name].options


def test_a_written_recipe_keeps_what_was_chosen() -> None:
    """Options of the encoding, not their defaults."""
    table = {"name": "delta", "step": 0.3, "unit": "signal", "crossings": "one", "start": "zero"}
    recipe = parse_recipe({**SMALLEST, "encoding": table}, "mine")
    assert recipe_document(recipe)["encoding"] == table
    assert recipe.encoding.options == DeltaOptions(
        step=0.3, unit="signal", crossings="one", start="zero"
    )
