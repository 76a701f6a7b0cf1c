"""From a checked recipe to data and a freshly initialised network, prepared by its method."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import nn

from trainers.data import DATASETS, DataSplits
from trainers.errors import ConfigError
from trainers.methods import METHODS
from trainers.network import SpikingNetwork
from trainers.networks import NETWORKS
from trainers.recipe import NetworkTable, Recipe


def build_data(recipe: Recipe) -> DataSplits:
    """Loads the recipe's data set.

    Raises:
        DataError: its files are missing or damaged.
    """
    return DATASETS[recipe.data.name].load(recipe.data.options)


def build_network(
    recipe: Recipe, data: DataSplits, *, code_folder: Path | None = None
) -> SpikingNetwork:
    """Builds the network under the recipe's seed and installs its method.

    Args:
        recipe: checked recipe.
        data: for sample shape and number of classes.
        code_folder: where a factory's module may lie; None forbids running user code.

    Raises:
        ConfigError: the factory isn't allowed, isn't found or doesn't return a module.
    """
    torch.manual_seed(recipe.seed)
    body = _body(recipe.network, data, code_folder)
    network = SpikingNetwork(body, recipe.train.time_steps, sequence=data.form == "sequence")
    for name in recipe.method.use:
        METHODS[name].prepare(network, recipe.method.options[name])
    return network


def _body(table: NetworkTable, data: DataSplits, code_folder: Path | None) -> nn.Module:
    if table.factory is not None:
        return _from_factory(table, data, code_folder)
    if table.name is None or table.options is None:
        raise ConfigError("network: neither a name nor a factory. Mend the recipe.")
    return NETWORKS[table.name].build(table.options, data.sample_shape, len(data.classes))


def _from_factory(table: NetworkTable, data: DataSplits, code_folder: Path | None) -> nn.Module:
    factory = str(table.factory)
    if code_folder is None:
        raise ConfigError(
            f"network.factory '{factory}': runs code from outside spikeport. If you trust it, "
            "add --allow-code."
        )
    module_name, function_name = factory.split(":")
    with _importable(code_folder):
        try:
            function = getattr(importlib.import_module(module_name), function_name)
        except (ImportError, AttributeError) as error:
            raise ConfigError(
                f"network.factory '{factory}': not found ({error}). Put {module_name}.py into "
                f"{code_folder} or onto PYTHONPATH."
            ) from error
    try:
        body = function(
            sample_shape=data.sample_shape, classes=len(data.classes), **table.arguments
        )
    except TypeError as error:
        raise ConfigError(
            f"network.factory '{factory}': {error}. It is called with sample_shape, classes and "
            "the other keys of [network]."
        ) from error
    if not isinstance(body, nn.Module):
        raise ConfigError(
            f"network.factory '{factory}': returned {type(body).__name__}, not a torch.nn.Module."
        )
    return body


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
