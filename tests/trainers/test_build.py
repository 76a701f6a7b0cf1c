"""From a recipe to data and network, shipped or a user's own."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.tiny_training import few_digits, same_state
from trainers.build import build_data, build_network
from trainers.data.load import load_data
from trainers.encodings.encoded_splits import encode_data
from trainers.errors import ConfigError
from trainers.methods.adaptive_threshold import AdaptiveThreshold
from trainers.network import SpikingNetwork
from trainers.recipe import Recipe, parse_recipe

MODULE = """
from torch import nn
from trainers import LIF


def build(sample_shape, classes, width=4):
    from spikeport_test_layers import hidden
    return nn.Sequential(nn.Flatten(), *hidden(sample_shape, width), nn.Linear(width, classes))


def wrong(sample_shape, classes):
    return "a network"


def broken(sample_shape, classes):
    return nn.Linear("a mistake of my own", classes)


constant = 3
"""
LAYERS = """
from torch import nn
from trainers import LIF


def hidden(sample_shape, width):
    return nn.Linear(sample_shape[1] * sample_shape[2], width), LIF()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A user's folder with a module, another one it imports later, and one that can't be read."""
    (tmp_path / "spikeport_test_net.py").write_text(MODULE)
    (tmp_path / "spikeport_test_layers.py").write_text(LAYERS)
    (tmp_path / "spikeport_test_syntax.py").write_text("def build(:\n")
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("spikeport_test_")]:
        del sys.modules[name]


def recipe(network: dict[str, Any], **others: Any) -> Recipe:
    """A recipe with this network."""
    return parse_recipe(
        {"data": {"name": "digits"}, "method": {"use": "ds-atgo"}, "network": network, **others},
        "mine",
    )


def build(factory: str, folder: Path | None, **arguments: Any) -> SpikingNetwork:
    """The factory's network for the digits."""
    return build_network(
        recipe({"factory": factory, **arguments}), few_digits(), code_folder=folder
    )


def test_a_shipped_network_is_prepared_by_its_method() -> None:
    """The recipe's T, classes, options and method."""
    network = build_network(
        recipe({"name": "conv-small", "channels": [3]}, train={"time_steps": 5}), few_digits()
    )
    assert network(torch.rand(2, 1, 8, 8)).shape == (5, 2, 10)
    ((_, neuron),) = network.neurons()
    assert isinstance(neuron.threshold_rule, AdaptiveThreshold)
    assert len(neuron.threshold_rule.running) == 5


def test_the_seed_decides_the_weights() -> None:
    """Whatever was drawn before."""
    first, again, other = (
        build_network(recipe({"name": "mlp"}, seed=seed), few_digits()).state_dict()
        for seed in (1, 1, 2)
    )
    assert same_state(first, again)
    assert not same_state(first, other)


def test_data_options_are_the_recipe_s() -> None:
    """Another split seed is another split."""
    options = {"name": "digits", "split_seed": 9}
    shipped = build_data(recipe({"name": "mlp"}))
    other = build_data(recipe({"name": "mlp"}, data=options))
    assert shipped.name == "digits"
    assert (shipped.test.labels != other.test.labels).any()


def test_a_factory_needs_permission(folder: Path) -> None:
    """Without a code folder nothing is imported."""
    with pytest.raises(ConfigError, match=r"runs code from outside spikeport.*--allow-code"):
        build("spikeport_test_net:build", None)
    assert "spikeport_test_net" not in sys.modules


def test_a_factory_gets_shape_classes_and_its_own_keys(folder: Path) -> None:
    """It may import its neighbours while it runs, and the import path is left as it was."""
    path = list(sys.path)
    network = build("spikeport_test_net:build", folder, width=6)
    assert network(torch.rand(2, 1, 8, 8)).shape == (4, 2, 10)
    assert network.state_dict()["body.1.weight"].shape == (6, 64)
    assert sys.path == path


@pytest.mark.parametrize(
    ("factory", "arguments", "said"),
    [
        ("spikeport_test_none:build", {}, "can't be loaded .*Put spikeport_test_none.py into"),
        ("spikeport_test_net:bild", {}, "can't be loaded .*no attribute 'bild'"),
        ("spikeport_test_syntax:build", {}, "can't be loaded .*invalid syntax"),
        ("spikeport_test_net:constant", {}, "3 is not a callable object"),
        ("spikeport_test_net:build", {"widht": 3}, "unexpected keyword argument 'widht'"),
        ("spikeport_test_net:build", {"classes": 3}, "multiple values for keyword .*'classes'"),
        ("spikeport_test_net:wrong", {}, "returned str, not a torch.nn.Module"),
    ],
)
def test_a_factory_at_fault_is_named(
    folder: Path, factory: str, arguments: dict[str, Any], said: str
) -> None:
    """With what is wrong and, where it helps, how it is called."""
    with pytest.raises(ConfigError, match=f"network.factory '{factory}': .*{said}") as error:
        build(factory, folder, **arguments)
    assert "\n" not in str(error.value)


def test_a_mistake_inside_a_factory_stays_the_user_s_own(folder: Path) -> None:
    """Its traceback is what its author needs; it isn't taken for a wrong call."""
    with pytest.raises(TypeError):
        build("spikeport_test_net:broken", folder)


def test_data_are_encoded_with_the_recipe_s_steps_and_seed() -> None:
    """As encode_data does it, also for the test split."""
    document = {
        "seed": 5, "data": {"name": "digits"}, "encoding": {"name": "rate"},
        "network": {"name": "mlp"}, "method": {"use": "baseline"}, "train": {"time_steps": 3},
    }  # fmt: skip
    found = build_data(parse_recipe(document, "mine"))
    expected = encode_data(load_data("digits"), "rate", time_steps=3, seed=5)
    assert found.form == "sequence"
    for split, other in ((found.train, expected.train), (found.test, expected.test)):
        np.testing.assert_array_equal(split.inputs[:], other.inputs[:])
