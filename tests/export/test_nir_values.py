"""Parameters of another kind than NIR's are refused by node and name, and nothing else is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import nir
import numpy as np
import pytest

from export.errors import InvalidGraph
from export.nir_file import read_nir
from export.nir_values import refuse_odd_values
from tests.frozen_networks import conv_network
from tests.other_networks import every_network

NODE = "node/nodes/l000_conv"


@pytest.mark.parametrize("name", every_network(samples=1))
def test_sound_networks_pass(name: str) -> None:
    """Pairs, single numbers and words as NIR allows them."""
    refuse_odd_values(every_network(samples=1)[name][0], "f")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("groups", np.array([1, 1])),
        ("groups", 1.5),
        ("groups", float("inf")),
        ("stride", "two"),
        ("weight", "many"),
    ],
)
def test_a_parameter_of_another_kind(key: str, value: Any, tmp_path: Path) -> None:
    """A file whose dataset holds something else is one line that names it."""
    nir.write(tmp_path / "a.nir", conv_network(channels=(2, 3)))
    with h5py.File(tmp_path / "a.nir", "r+") as file:
        del file[f"{NODE}/{key}"]
        file[f"{NODE}/{key}"] = value
    with pytest.raises(InvalidGraph) as error:
        read_nir(tmp_path / "a.nir")
    assert str(error.value).startswith(f"{tmp_path / 'a.nir'}: ")


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda node: setattr(node, "groups", {}), "node 'c', groups: holds object, not numbers"),
        (lambda node: setattr(node, "groups", np.ones(2)), "'c', groups: holds float64 of shape"),
        (lambda node: setattr(node, "groups", float("nan")), "expected one whole number"),
        (lambda node: setattr(node, "weight", "x"), "node 'c', weight: holds <U1, not numbers"),
        (lambda node: node.input_type.update(input=np.ones((2, 2))), "input_type 'input': holds"),
        (lambda node: node.input_type.update(input=np.array([1.5])), "expected a list of sizes"),
    ],
)
def test_nested_graphs_are_searched_too(change: Callable[[Any], None], found: str) -> None:
    """Node and parameter are named, with the way to them."""
    node = nir.Conv2d((4, 4), np.ones((1, 1, 3, 3)), 1, "same", 1, 1, np.zeros(1))
    inner = nir.NIRGraph({"c": node}, [], type_check=False)
    outer = nir.NIRGraph({"inner": inner}, [], type_check=False)
    refuse_odd_values(outer, "f")
    change(node)
    with pytest.raises(InvalidGraph, match=rf"f, node 'inner': .*{found}"):
        refuse_odd_values(outer, "f")
