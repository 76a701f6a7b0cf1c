"""Which methods go together, and what installing them does to a network."""

import pytest

from tests.tiny_training import tiny_module
from trainers.methods import METHODS, MethodOptions, contradictions, install
from trainers.network import SpikingNetwork


def defaults(*names: str) -> dict[str, MethodOptions]:
    """The methods with their own options' defaults."""
    return {name: METHODS[name].options() for name in names}


@pytest.mark.parametrize(
    "names",
    [
        ("ds-atgo", "two"),
        ("msg", "two"),
        ("deeptage", "two"),
        ("tet", "plif"),
        ("baseline", "tdbn"),
    ],
)
def test_methods_that_set_different_parts_go_together(names: tuple[str, str]) -> None:
    """And both are in the network afterwards."""
    assert contradictions(METHODS, defaults(*names)) == []


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (
            ("ds-atgo", "msg"),
            "ds-atgo and msg both set the threshold, decay and surrogate; use",
        ),
        (("deeptage", "tet"), "deeptage and tet both set the loss; use one of them"),
        (("mpd-agl", "tdbn"), "mpd-agl and tdbn both set the norm; use one of them"),
        (("mpd-agl", "lsg"), "mpd-agl and lsg both set the threshold, decay, surrogate and norm;"),
        (("alif", "plif"), "alif and plif both set the threshold and surrogate; use one of them"),
    ],
)
def test_two_that_set_the_same_part_are_named(names: tuple[str, str], said: str) -> None:
    """With the parts they both want."""
    (clause,) = contradictions(METHODS, defaults(*names))
    assert clause.startswith(said)


def test_norms_start_at_the_threshold_another_method_sets() -> None:
    """Whatever the order in which the methods are named."""
    for names in (("tdbn", "baseline"), ("baseline", "tdbn")):
        network = SpikingNetwork(tiny_module(), 2)
        chosen = {**defaults(*names)}
        chosen["baseline"] = METHODS["baseline"].options.model_validate({"threshold": 0.5})
        install(network, METHODS, chosen)
        assert network.body[1].weight.tolist() == [0.5] * 4  # type: ignore[index]


@pytest.mark.parametrize("method", ["ds-atgo", "lsg", "ltmd", "plif", "mpd-agl", "msg"])
def test_a_method_that_sets_the_decay_undoes_an_earlier_input_gain(method: str) -> None:
    """A module trained with PLIF's decaying input and then by another method; a loss alone not."""
    network = SpikingNetwork(tiny_module(), 2)
    gained = METHODS["plif"].options.model_validate({"decay_input": True})
    install(network, METHODS, {"plif": gained})
    install(network, METHODS, defaults("tet"))
    assert [neuron.decay_input for _, neuron in network.neurons()] == [True]
    install(network, METHODS, defaults(method))
    assert [neuron.decay_input for _, neuron in network.neurons()] == [False]
