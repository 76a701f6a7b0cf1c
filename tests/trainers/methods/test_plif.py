"""PLIF: both forms of the learnt decay by hand; against a plain loop in test_learnt_decay."""

import math

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from tests.one_lif import one_lif
from trainers.methods.method import contradictions
from trainers.methods.plif import PLIF, PLIFOptions
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF


def test_the_decay_starts_at_one_fifth_and_learns() -> None:
    """w0 = -ln(a - 1) with a = 5, whatever decay the network was built with."""
    network = SpikingNetwork(nn.Sequential(LIF(0.9)), 2)
    PLIF.prepare(network, PLIFOptions())
    ((_, layer),) = network.neurons()
    assert float(layer.decay.detach()) == pytest.approx(0.2, abs=1e-7)
    assert float(layer.decay_logit.detach()) == pytest.approx(-math.log(4), abs=1e-6)
    assert layer.decay_logit.requires_grad
    assert not layer.decay_input


@pytest.mark.parametrize(
    ("decay_input", "currents", "by_current", "by_w"),
    [
        (False, (0.8, 0.7, 0.9), (-0.055, -0.55, 1.0), -0.11),
        (True, (1.6, 1.4, 1.8), (-0.0275, -0.275, 0.5), -0.3455),
    ],
)
def test_three_steps_by_hand(
    decay_input: bool, currents: tuple[float, ...], by_current: tuple[float, ...], by_w: float
) -> None:
    """u = 0.8, 1.1 (fires), 0.9 in both forms, d = 0.5, and only the last spike counts.

    dL/du = -0.055, -0.55, 1 (see test_lif), and u1 = 0.8 leaks into u2: dL/dd = -0.55 * 0.8. Where
    d scales the input too, dL/dd = -0.44 - (-0.055 * 1.6 - 0.55 * 1.4 + 1.8) = -1.382 and
    dL/dx = dL/du / 2. Times sigmoid' = 0.25.
    """
    network, layer = one_lif("plif", 3, initial_decay=0.5, decay_input=decay_input)
    leaf = torch.tensor(currents, dtype=torch.float64).reshape(3, 1, 1).requires_grad_()
    spikes = network(leaf)
    assert spikes.flatten().tolist() == [0.0, 1.0, 0.0]
    spikes[-1].sum().backward()
    assert leaf.grad is not None
    assert leaf.grad.flatten().tolist() == pytest.approx(by_current, rel=1e-12)
    assert layer.decay_logit.grad is not None
    assert float(layer.decay_logit.grad) == pytest.approx(by_w, rel=1e-12)


def test_decay_input_is_the_original_neuron() -> None:
    """v <- v + (x - v)/tau with 1/tau = 1 - d, hard reset, spike by spike."""
    network, _ = one_lif("plif", 8, threshold=0.5, initial_decay=0.5, decay_input=True)
    currents = torch.randn(8, 40, 3, generator=torch.Generator().manual_seed(0)).double()
    with torch.no_grad():
        spikes = network(currents)
    assert 0.02 < float(spikes.mean()) < 0.6
    voltage = torch.zeros(40, 3, dtype=torch.float64)
    for step in range(8):
        voltage = voltage + (currents[step] - voltage) / 2.0
        fired = voltage > 0.5
        assert torch.equal(spikes[step].bool(), fired)
        voltage = voltage * ~fired


def test_threshold_and_surrogate_are_the_chosen_ones() -> None:
    """A constant threshold, and the shape of the table at the chosen width."""
    _, layer = one_lif("plif", 2, threshold=0.75, surrogate="triangular", surrogate_width=2.0)
    for training in (True, False):
        layer.train(training)
        assert float(layer.threshold_rule(torch.zeros(1), 1)) == 0.75
    derivative = layer.surrogate.derivative(torch.tensor(1.25), torch.tensor(0.75), 0)
    assert float(derivative) == pytest.approx((2.0 - 0.5) / 4)


def test_it_sets_everything_of_a_neuron() -> None:
    """So it goes with tdbn, and not with another method of neurons."""
    table = {"plif": PLIF, "other": PLIF}
    clauses = contradictions(table, {"plif": PLIFOptions(), "other": PLIFOptions()})
    assert clauses == [
        "plif and other both set the threshold, decay and surrogate; use one of them"
    ]


@pytest.mark.parametrize("value", [0.0, 1.0, -0.5, float("nan")])
def test_a_decay_outside_0_to_1_is_refused(value: float) -> None:
    """It wouldn't leak, or not forget."""
    with pytest.raises(ValidationError, match="initial_decay"):
        PLIFOptions(initial_decay=value)


def test_weights_learn_too() -> None:
    """The surrogate's gradient reaches the layer before."""
    first = nn.Linear(3, 4)
    network = SpikingNetwork(nn.Sequential(first, LIF(), nn.Linear(4, 2)), 3)
    PLIF.prepare(network, PLIFOptions())
    inputs = torch.rand(5, 3, generator=torch.Generator().manual_seed(0))
    network(inputs).sum().backward()
    assert first.weight.grad is not None
    assert float(first.weight.grad.abs().sum()) > 0
