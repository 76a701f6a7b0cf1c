"""Loading by name, for the Python API."""

import pytest

from trainers.data.load import load_data
from trainers.errors import ConfigError


def test_options_reach_the_data_set() -> None:
    """A larger test split is what was asked for."""
    assert len(load_data("digits", test_fraction=0.3).test) == pytest.approx(0.3 * 1797, abs=1)


def test_an_unknown_data_set_lists_the_known_ones() -> None:
    """The message is one line."""
    with pytest.raises(
        ConfigError, match=r"data set 'nosuch': unknown\. Known: cifar10, .*digits, "
    ):
        load_data("nosuch")


def test_all_faults_of_the_options_are_named() -> None:
    """Each with its place and its value."""
    with pytest.raises(ConfigError) as error:
        load_data("digits", test_fraction=2, seed=1)
    message = str(error.value)
    assert "data set 'digits': test_fraction:" in message
    assert "(got 2)" in message
    assert "seed: unknown key" in message
    assert "\n" not in message
