"""Finding recipes, and `--set` on top of them."""

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from trainers.errors import ConfigError
from trainers.recipe_file import RECIPES, apply_setting, load_recipe

RECIPE = """
seed = 4
[data]
name = "digits"
[network]
name = "mlp"
[method]
use = ["baseline"]
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A user's own recipe."""
    file = tmp_path / "mine.toml"
    file.write_text(RECIPE)
    return file


@pytest.mark.parametrize("name", RECIPES)
def test_every_shipped_recipe_is_valid(name: str) -> None:
    """By its bare name, from the installed package."""
    assert load_recipe(name).name == name


def test_the_list_holds_exactly_the_shipped_files() -> None:
    """A recipe that is shipped is listed, and the other way round."""
    folder = files("trainers") / "recipes"
    shipped = {entry.name for entry in folder.iterdir() if entry.name.endswith(".toml")}
    assert shipped == {f"{name}.toml" for name in RECIPES}


def test_a_file_is_named_by_its_stem(path: Path) -> None:
    """The name goes into reports."""
    recipe = load_recipe(str(path))
    assert (recipe.name, recipe.seed) == ("mine", 4)


def test_settings_and_seed_win_over_the_file(path: Path) -> None:
    """In the order given; --seed last."""
    recipe = load_recipe(
        str(path),
        ("train.epochs=3", "train.epochs = 5", "network.hidden=[7, 9]", "method.use=ds-atgo"),
        seed=11,
    )
    assert recipe.train.epochs == 5
    assert recipe.network.options is not None
    assert recipe.network.options.model_dump()["hidden"] == (7, 9)
    assert recipe.method.use == ("ds-atgo",)
    assert recipe.seed == 11


@pytest.mark.parametrize(
    ("setting", "document"),
    [
        ("seed=3", {"seed": 3}),
        ("train.learning_rate=1e-3", {"train": {"learning_rate": 1e-3}}),
        ("train.precision='16'", {"train": {"precision": "16"}}),
        ("report.title=Two words", {"report": {"title": "Two words"}}),
        ("report.title=a=b", {"report": {"title": "a=b"}}),
        ("method.ds-atgo.learn_decay=false", {"method": {"ds-atgo": {"learn_decay": False}}}),
        ("export.targets=['nir']", {"export": {"targets": ["nir"]}}),
        (" train . epochs = 2", {"train": {"epochs": 2}}),
        ("report.title=", {"report": {"title": ""}}),
        ("train.epochs=1\nseed=2", {"train": {"epochs": "1\nseed=2"}}),
    ],
)
def test_a_value_is_toml_or_else_text(setting: str, document: dict[str, Any]) -> None:
    """Numbers, lists and truth values as in the file; what isn't TOML is taken literally."""
    found: dict[str, Any] = {}
    apply_setting(found, setting)
    assert found == document


@pytest.mark.parametrize("setting", ["train.epochs", "=3", "train.=3", ".epochs=3", "train..x=1"])
def test_a_setting_without_key_or_value_is_refused(setting: str) -> None:
    """With what was expected."""
    with pytest.raises(ConfigError, match=r"--set .*: expected table\.key=value"):
        apply_setting({}, setting)


def test_a_setting_below_a_value_is_refused(path: Path) -> None:
    """The key runs through something that isn't a table."""
    with pytest.raises(ConfigError, match=r"--set seed\.x=1: 'seed' is a value, not a table"):
        load_recipe(str(path), ("seed.x=1",))


def test_a_setting_at_fault_is_reported_like_the_file(path: Path) -> None:
    """A misspelt key doesn't pass silently."""
    with pytest.raises(ConfigError, match=r"train\.epoch: unknown key"):
        load_recipe(str(path), ("train.epoch=3",))


def test_a_missing_recipe_lists_the_shipped_ones(tmp_path: Path) -> None:
    """A folder is no recipe either."""
    for name in ("didgits", str(tmp_path)):
        with pytest.raises(ConfigError, match=r"no such file.*Shipped: digits, digits-baseline"):
            load_recipe(name)


@pytest.mark.parametrize("content", [b"[data\n", b"name = \xff\n", b"a = 1\na = 2\n"])
def test_a_file_that_is_no_toml_is_refused(path: Path, content: bytes) -> None:
    """Broken syntax, broken text, doubled keys: path and reason in one line."""
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"mine\.toml: not valid TOML") as error:
        load_recipe(str(path))
    assert "\n" not in str(error.value)


def test_a_file_that_cannot_be_read_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Permissions, say."""

    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(ConfigError, match=r"mine\.toml: can't be read \(Permission denied\)"):
        load_recipe(str(path))
