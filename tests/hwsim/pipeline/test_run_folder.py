"""config.toml holds the whole recipe, defaults written out, and reads back to the same recipe."""

from pathlib import Path

import pytest

from hwsim.pipeline.run_folder import RunFolder
from trainers.errors import ConfigError
from trainers.recipe_file import RECIPES, load_recipe


@pytest.mark.parametrize("name", RECIPES)
def test_config_round_trip(tmp_path: Path, name: str) -> None:
    """Every shipped recipe survives being written into a run folder."""
    recipe = load_recipe(name, ("train.gradient_clip=0.5",), seed=7)
    folder = RunFolder(tmp_path)
    folder.write_recipe(recipe)
    assert folder.read_recipe() == recipe


def test_a_user_network_survives_too(tmp_path: Path) -> None:
    """A factory and its arguments are part of the config."""
    source = tmp_path / "mine.toml"
    source.write_text(
        '[data]\nname = "digits"\n[network]\nfactory = "my_net:build"\nwidth = 3\n'
        '[method]\nuse = ["baseline"]\n'
    )
    recipe = load_recipe(str(source))
    folder = RunFolder(tmp_path / "run")
    folder.write_recipe(recipe)
    read = folder.read_recipe()
    assert read.network.factory == "my_net:build"
    assert read.network.arguments == {"width": 3}


def test_a_damaged_config_is_refused(tmp_path: Path) -> None:
    """Not TOML, or no config at all, is one line with the path."""
    folder = RunFolder(tmp_path)
    with pytest.raises(ConfigError, match="not a run folder"):
        folder.read_recipe()
    folder.config.write_text("[data")
    with pytest.raises(ConfigError, match=r"config\.toml: not valid TOML"):
        folder.read_recipe()
