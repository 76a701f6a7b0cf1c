"""Recipes: every fault at once with its place, and documents that read back to the same."""

import math
import tomllib
from typing import Any

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from trainers.errors import ConfigError
from trainers.methods.ds_atgo import DSATGOOptions
from trainers.recipe import TrainTable, parse_recipe, recipe_document

SMALLEST: dict[str, Any] = {
    "data": {"name": "digits"},
    "network": {"name": "mlp"},
    "method": {"use": "baseline"},
}


def message(document: dict[str, Any]) -> str:
    """The one line for a recipe at fault."""
    with pytest.raises(ConfigError) as error:
        parse_recipe(document, "mine")
    assert "\n" not in str(error.value)
    return str(error.value)


def test_the_smallest_recipe_has_the_documented_defaults() -> None:
    """Data, network and method are enough."""
    recipe = parse_recipe(SMALLEST, "mine")
    assert (recipe.name, recipe.seed, recipe.train) == ("mine", 0, TrainTable())
    assert recipe.method.use == ("baseline",)
    assert recipe.simulate.chip == "loihi1-fitted"


def test_every_fault_is_reported_at_once_with_its_place() -> None:
    """One reading of the message mends the whole recipe."""
    found = message(
        {
            "seed": -1,
            "colour": "red",
            "data": {"name": "digits", "test_fraction": 2, "fold": 1},
            "network": {"name": "conv-small", "channels": [8, 0]},
            "method": {"use": ["ds-atgo"], "ds-atgo": {"f_c": -1, "g_c": 1}, "baseline": {}},
            "train": {"epochs": "many", "batchsize": 3, "precision": 32},
            "export": {"threshold_strategy": "median"},
            "simulate": {"limit": 0},
            "report": "yes",
        }
    )
    assert found.startswith("recipe 'mine': ")
    for place in (
        "seed: input should be greater than or equal to 0 (got -1)",
        "colour: unknown key",
        "data.test_fraction: ",
        "data.fold: unknown key",
        "network.channels.1: ",
        "method.ds-atgo.f_c: ",
        "method.ds-atgo.g_c: unknown key",
        "method.baseline: unknown key",
        "train.epochs: ",
        "train.batchsize: unknown key",
        "train.precision: ",
        "export.threshold_strategy: ",
        "simulate.limit: ",
        "report: ",
    ):
        assert place in found, place


@pytest.mark.parametrize("table", ["data", "network", "method"])
def test_a_missing_table_is_named(table: str) -> None:
    """And what belongs into it."""
    assert f"[{table}]: the table" in message({k: v for k, v in SMALLEST.items() if k != table})
    assert f"[{table}]: the table" in message({**SMALLEST, table: "digits"})


@pytest.mark.parametrize(
    ("table", "value", "said"),
    [
        ("data", {"name": "nosuch"}, "data.name: unknown 'nosuch'; known: cifar10, cifar10-dvs, c"),
        ("data", {}, "data.name: unknown None"),
        ("network", {"name": 3}, "network.name: unknown 3; known: cifarnet, conv-small, mlp"),
        ("method", {"use": "adam"}, "method.use: unknown 'adam'; known: alif, baseline"),
        ("method", {"use": []}, "method.use: [] must be a list of method names"),
        ("method", {"use": 3}, "method.use: 3 must be a list of method names"),
        ("method", {"use": [["ds-atgo"]]}, "method.use: unknown ['ds-atgo']"),
        ("method", {"use": ["baseline", "ds-atgo"]}, "baseline and ds-atgo both set the threshold"),
        ("method", {"use": "baseline", "baseline": 3}, "method.baseline: input should be"),
    ],
)
def test_unknown_names_list_the_known_ones(table: str, value: dict[str, Any], said: str) -> None:
    """Whatever type the name has."""
    assert said in message({**SMALLEST, table: value})


@pytest.mark.parametrize(
    "factory", ["my_net", "my_net:", ":build", "a:b:c", "../my_net:build", "my net:build", 3, ""]
)
def test_a_factory_is_module_and_function(factory: object) -> None:
    """Anything else could not be imported, or would be looked up somewhere unexpected."""
    assert "must be 'module:function'" in message({**SMALLEST, "network": {"factory": factory}})


def test_a_factory_stands_without_a_name() -> None:
    """Two networks in one table are one too many; its other keys are its arguments."""
    both = {"factory": "my_net:build", "name": "mlp"}
    assert "stand without a name" in message({**SMALLEST, "network": both})
    recipe = parse_recipe(
        {**SMALLEST, "network": {"factory": "a.b:build", "width": 3, "deep": {"x": [1]}}}, "mine"
    )
    assert (recipe.network.factory, recipe.network.name) == ("a.b:build", None)
    assert recipe.network.arguments == {"width": 3, "deep": {"x": [1]}}


def test_a_recipe_is_named_after_its_file() -> None:
    """A name inside would compete with it."""
    assert "name: unknown key" in message({**SMALLEST, "name": "other"})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("learning_rate", math.inf),
        ("learning_rate", math.nan),
        ("weight_decay", math.inf),
        ("gradient_clip", math.inf),
        ("batch_size", 1),
        ("time_steps", 0),
        ("label_smoothing", 1.0),
    ],
)
def test_values_outside_their_limits_are_refused(key: str, value: float) -> None:
    """TOML can write inf and nan; training can't use them."""
    assert f"train.{key}: " in message({**SMALLEST, "train": {key: value}})


def test_a_rule_between_options_is_reported_with_its_place() -> None:
    """The width of the surrogate can't follow a threshold that is switched off."""
    options = {"adaptive_threshold": False, "tgo_statistic": "threshold"}
    found = message({**SMALLEST, "method": {"use": "ds-atgo", "ds-atgo": options}})
    assert "method.ds-atgo: tgo_statistic 'threshold' needs adaptive_threshold" in found


positive = st.floats(1e-6, 1e3)
trains = st.fixed_dictionaries(
    {},
    optional={
        "time_steps": st.integers(1, 4096),
        "epochs": st.integers(1, 10_000),
        "batch_size": st.integers(2, 4096),
        "optimizer": st.sampled_from(["adamw", "sgd"]),
        "learning_rate": positive,
        "weight_decay": st.just(0.0) | positive,
        "warmup_epochs": st.integers(0, 50),
        "label_smoothing": st.floats(0, 0.99),
        "gradient_clip": positive,
        "precision": st.sampled_from(["32", "bf16", "16"]),
    },
)
networks = st.one_of(
    st.fixed_dictionaries(
        {"name": st.just("conv-small")},
        optional={"channels": st.lists(st.integers(1, 512), min_size=1, max_size=4)},
    ),
    st.fixed_dictionaries({"name": st.just("mlp")}, optional={"decay": st.floats(0.01, 0.99)}),
    st.fixed_dictionaries(
        {"factory": st.just("my_net:build")},
        optional={"width": st.integers(), "names": st.lists(st.text(max_size=5))},
    ),
)
methods = st.one_of(
    st.just({"use": "baseline"}),
    st.fixed_dictionaries({"threshold": positive}).map(
        lambda values: {"use": ["baseline"], "baseline": values}
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "f_c": positive,
            "momentum": st.floats(0.01, 1.0),
            "tgo_statistic": st.sampled_from(["std", "threshold"]),
            "learn_decay": st.booleans(),
        },
    ).map(lambda values: {"use": ["ds-atgo"], "ds-atgo": values}),
)
recipes = st.fixed_dictionaries(
    {"data": st.just({"name": "digits"}), "network": networks, "method": methods},
    optional={
        "seed": st.integers(0, 2**63 - 1),
        "train": trains,
        "simulate": st.fixed_dictionaries({}, optional={"limit": st.integers(1, 99)}),
        "report": st.fixed_dictionaries({}, optional={"title": st.text(max_size=20)}),
    },
)


@settings(max_examples=80, deadline=None)
@given(document=recipes)
def test_a_written_recipe_reads_back_to_the_same(document: dict[str, Any]) -> None:
    """config.toml of a run, through real TOML text, with every default written out."""
    recipe = parse_recipe(document, "mine")
    text = tomli_w.dumps(recipe_document(recipe))
    again = parse_recipe(tomllib.loads(text), "mine")
    assert again == recipe
    assert recipe_document(again) == recipe_document(recipe)
    assert recipe.train == TrainTable.model_validate(document.get("train", {}))


def test_a_written_recipe_keeps_what_was_chosen() -> None:
    """Options of data, network and method, not their defaults."""
    document = {
        "data": {"name": "digits", "split_seed": 7},
        "network": {"name": "conv-small", "channels": [3, 5]},
        "method": {"use": ["ds-atgo"], "ds-atgo": {"f_c": 0.5}},
        "train": {"gradient_clip": 2.5},
    }
    written = recipe_document(parse_recipe(document, "mine"))
    assert written["data"]["split_seed"] == 7
    assert written["network"]["channels"] == [3, 5]
    assert written["method"]["ds-atgo"]["f_c"] == 0.5
    assert written["train"]["gradient_clip"] == 2.5
    assert parse_recipe(written, "mine").method.options["ds-atgo"] == DSATGOOptions(f_c=0.5)
