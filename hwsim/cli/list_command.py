"""`spikeport list`: what can be named in a recipe or on the command line."""

from typing import Annotated

import typer


def list_table(
    what: Annotated[
        str,
        typer.Argument(
            metavar="methods|networks|datasets|encodings|recipes|targets|strategies|chips|devices"
        ),
    ],
) -> None:
    """List methods, networks, data sets, encodings, recipes, targets, strategies, chips or devices.

    Example: spikeport list methods
    """
    from rich.console import Console
    from rich.table import Table

    from trainers.errors import ConfigError

    if what not in TABLES:
        raise ConfigError(f"list '{what}': unknown. Known: {', '.join(TABLES)}.")
    table = Table("name", "what it is", box=None, pad_edge=False)
    for name, summary in TABLES[what]().items():
        table.add_row(name, summary)
    Console().print(table)


def _methods() -> dict[str, str]:
    from trainers.methods import METHODS

    return {name: f"{method.summary}; {method.source}" for name, method in METHODS.items()}


def _networks() -> dict[str, str]:
    from trainers.networks import NETWORKS

    return {name: network.summary for name, network in NETWORKS.items()}


def _datasets() -> dict[str, str]:
    from trainers.data import DATASETS

    return {name: dataset.summary for name, dataset in DATASETS.items()}


def _encodings() -> dict[str, str]:
    from trainers.encodings import ENCODINGS

    return {name: f"{encoding.summary}; {encoding.source}" for name, encoding in ENCODINGS.items()}


def _recipes() -> dict[str, str]:
    from trainers.recipe_file import RECIPES, load_recipe

    recipes = {name: load_recipe(name) for name in RECIPES}
    return {
        name: f"{recipe.data.name}, {recipe.network.name}, {' + '.join(recipe.method.use)}, "
        f"T = {recipe.train.time_steps}, {recipe.train.epochs} epochs"
        for name, recipe in recipes.items()
    }


def _targets() -> dict[str, str]:
    from export.targets import TARGETS

    return {name: target.summary for name, target in TARGETS.items()}


def _strategies() -> dict[str, str]:
    from export.freezing.strategies import STRATEGIES

    return {name: strategy.summary for name, strategy in STRATEGIES.items()}


def _chips() -> dict[str, str]:
    from hwsim.chips.load import CHIPS, load_chip

    return {name: load_chip(name).summary for name in CHIPS}


def _devices() -> dict[str, str]:
    from hwsim.chips.devices import DEVICES, load_device

    return {name: load_device(name).summary for name in DEVICES}


TABLES = {
    "methods": _methods,
    "networks": _networks,
    "datasets": _datasets,
    "encodings": _encodings,
    "recipes": _recipes,
    "targets": _targets,
    "strategies": _strategies,
    "chips": _chips,
    "devices": _devices,
}
