"""From a checked recipe to data and a freshly initialised network, prepared by its method."""

import importlib
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from trainers.data import DATASETS, DataSplits
from trainers.encodings.encoded_splits import encoded
from trainers.errors import ConfigError
from trainers.methods import METHODS, install
from trainers.network import SpikingNetwork
from trainers.networks import NETWORKS
from trainers.recipe import NetworkTable, Recipe


def build_data(recipe: Recipe) -> DataSplits:
    """Loads the recipe's data set and encodes it.

    Raises:
        ConfigError: the encoding doesn't suit the data.
        DataError: its files are missing or damaged.
    """
    data = DATASETS[recipe.data.name].load(recipe.data.options)
    return encoded(data, recipe.encoding, recipe.train.time_steps, recipe.seed)


def build_network(
    recipe: Recipe, data: DataSplits, *, code_folder: Path | None = None
) -> SpikingNetwork:
    """Builds the network under the recipe's seed and installs its method.

    Args:
        recipe: checked recipe.
        data: for sample shape and number of classes.
        code_folder: where a factory's module may lie; None forbids running user code.

    Raises:
        ConfigError: the factory isn't allowed, can't be loaded, doesn't take the arguments or
            doesn't return a module. What its own code raises is passed on.
    """
    torch.manual_seed(recipe.seed)
    body = _body(recipe.network, data, code_folder)
    network = SpikingNetwork(
        body,
        recipe.train.time_steps,
        sequence=data.form == "sequence",
        sample_shape=data.sample_shape,
    )
    install(network, METHODS, recipe.method.options)
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
    with _importable(code_folder):
        function = _load(factory, code_folder)
        try:
            call = inspect.signature(function).bind(
                sample_shape=data.sample_shape, classes=len(data.classes), **table.arguments
            )
        except TypeError as error:
            raise ConfigError(
                f"network.factory '{factory}': {error}. It is called with sample_shape, classes "
                "and the other keys of [network]."
            ) from error
        body = function(*call.args, **call.kwargs)
    if not isinstance(body, nn.Module):
        raise ConfigError(
            f"network.factory '{factory}': returned {type(body).__name__}, not a torch.nn.Module."
        )
    return body


def _load(factory: str, folder: Path) -> Callable[..., Any]:
    module, name = factory.split(":")
    try:
        function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, SyntaxError) as error:
        raise ConfigError(
            f"network.factory '{factory}': can't be loaded ({error}). Put {module}.py into "
            f"{folder} or onto PYTHONPATH, and check that it imports and has that function."
        ) from error
    return function


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
