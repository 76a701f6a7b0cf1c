"""A trained network with constant thresholds: what stays, what no longer moves."""

import pytest
import torch
from torch import nn

from tests.tiny_training import copied_state, few_digits, same_state, tiny_module, tiny_network
from trainers.constant_thresholds import with_constant_thresholds
from trainers.errors import ConfigError
from trainers.fitting import train_network
from trainers.methods import METHODS, install
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF
from trainers.readout import MeanReadout, WeightedReadout
from trainers.train_table import TrainTable


def prepared(*methods: str) -> SpikingNetwork:
    """The tiny network under several methods."""
    network = SpikingNetwork(tiny_module(), 2, sample_shape=(1, 8, 8))
    install(network, METHODS, {name: METHODS[name].options() for name in methods})
    return network


def trained(network: SpikingNetwork) -> SpikingNetwork:
    """Two epochs."""
    table = TrainTable(time_steps=2, epochs=2, batch_size=32)
    return train_network(network, few_digits(), table, seed=0, device="cpu").network


def test_constants_are_in_the_layers_own_units() -> None:
    """At unit gain 2, the layer of decay 0.2 that scales its current by 0.8 fires above 1.6."""
    network = SpikingNetwork(nn.Sequential(LIF(0.2), nn.Linear(1, 2), LIF(0.2)), 1)
    dict(network.neurons())["0"].decay_input = True
    network = network.double()
    copied = dict(with_constant_thresholds(network, {"0": 2.0, "2": 2.0}).neurons())
    for name, own in (("0", 1.6), ("2", 2.0)):
        schedule = copied[name].threshold_rule.schedule(3)
        assert schedule is not None
        assert schedule.tolist() == pytest.approx([own] * 3, rel=1e-7)
    currents = torch.tensor([[1.999], [2.001]], dtype=torch.float64)
    assert copied["0"](currents).flatten().tolist() == [0.0, 1.0]


def test_neither_thresholds_nor_readout_weights_move_in_training() -> None:
    """DS-ATGO's thresholds and TWO's weights would; all else learns on."""
    network = trained(prepared("ds-atgo", "two"))
    weights = network.readout.weights(2)
    assert weights is not None
    copied = with_constant_thresholds(network, {"2": 0.75})
    before = copied_state(copied)
    after = trained(copied).state_dict()
    same = {name for name, tensor in after.items() if torch.equal(tensor, before[name])}
    fixed = {"body.2.threshold_rule.value", "readout.step_weights"}
    assert {name for name in same if "threshold" in name or "readout" in name} == fixed
    assert "body.0.weight" not in same
    assert "body.2.decay_logit" not in same
    assert torch.equal(after["readout.step_weights"], weights)
    assert type(copied.readout) is WeightedReadout


def test_the_rest_of_the_method_stays() -> None:
    """Surrogate, heads and loss, as copies; a mean stays a mean."""
    network = prepared("deeptage")
    copied = with_constant_thresholds(network, {"2": 0.5})
    for old, new in ((network.loss, copied.loss), (network.auxiliary, copied.auxiliary)):
        assert type(new) is type(old)
        assert new is not old
    surrogates = [type(dict(each.neurons())["2"].surrogate) for each in (network, copied)]
    assert surrogates[0] is surrogates[1]
    assert network.auxiliary.keys() == copied.auxiliary.keys()
    assert isinstance(copied.readout, MeanReadout)


def test_the_network_stays_as_it_was() -> None:
    """Nothing is shared with the copy."""
    network = tiny_network()
    before = copied_state(network)
    trained(with_constant_thresholds(network, {"2": 0.5}))
    assert same_state(before, network.state_dict())


def test_a_layer_without_a_constant_is_named() -> None:
    """In one line."""
    with pytest.raises(ConfigError, match=r"layer '2': no constant threshold among those of 3\."):
        with_constant_thresholds(tiny_network(), {"3": 1.0})
