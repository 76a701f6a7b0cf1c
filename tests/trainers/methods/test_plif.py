"""PLIF: both forms of the learnt decay against plain loops and by hand."""

import math

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import nn

from tests import lif_oracle
from tests.tiny_training import copied_state, few_digits, same_state, tiny_module, tiny_network
from trainers.evaluation import evaluate
from trainers.fitting import fit
from trainers.methods.method import contradictions
from trainers.methods.plif import PLIF, PLIFOptions
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF


def prepared(time_steps: int, **options: object) -> tuple[SpikingNetwork, LIF]:
    """One LIF on sequences, float64, its decay exact."""
    layer = LIF(0.9)
    network = SpikingNetwork(nn.Sequential(layer), time_steps, sequence=True)
    chosen = PLIFOptions.model_validate(options)
    PLIF.prepare(network, chosen)
    network.double()
    layer.set_decay(chosen.initial_decay)
    return network, layer


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
    network, layer = prepared(3, initial_decay=0.5, decay_input=decay_input)
    leaf = torch.tensor(currents, dtype=torch.float64).reshape(3, 1, 1).requires_grad_()
    spikes = network(leaf)
    assert spikes.flatten().tolist() == [0.0, 1.0, 0.0]
    spikes[-1].sum().backward()
    assert leaf.grad is not None
    assert leaf.grad.flatten().tolist() == pytest.approx(by_current, rel=1e-12)
    assert layer.decay_logit.grad is not None
    assert float(layer.decay_logit.grad) == pytest.approx(by_w, rel=1e-12)


@pytest.mark.parametrize("decay_input", [False, True])
def test_training_equals_the_plain_loop(decay_input: bool) -> None:
    """Spikes and gradients by currents and by w, in a random case of many neurons."""
    network, layer = prepared(
        5, threshold=0.5, surrogate_width=1.5, initial_decay=0.6, decay_input=decay_input
    )
    rng = np.random.default_rng(2)
    values, upstream = rng.normal(0.4, 0.9, (2, 5, 4, 3))
    leaf = torch.tensor(values, requires_grad=True)
    spikes = network(leaf)
    (spikes * torch.tensor(upstream)).sum().backward()

    decay = float(layer.decay.detach())
    gain = 1 - decay if decay_input else 1.0
    run = lif_oracle.forward(gain * values, decay, lambda _u, _t: 0.5, lambda _u, _t: 1.5)
    by_membrane, by_decay = lif_oracle.backward(run, decay, upstream)
    if decay_input:
        by_decay -= float((by_membrane * values).sum())
    assert np.array_equal(spikes.detach().numpy(), run.spikes)
    assert 0.02 < run.spikes.mean() < 0.6
    assert leaf.grad is not None
    assert leaf.grad.numpy() == pytest.approx(gain * by_membrane, rel=1e-12, abs=1e-12)
    assert layer.decay_logit.grad is not None
    by_w = by_decay * decay * (1 - decay)
    assert float(layer.decay_logit.grad) == pytest.approx(by_w, rel=1e-9)


def test_decay_input_is_the_original_neuron() -> None:
    """v <- v + (x - v)/tau with 1/tau = 1 - d, hard reset, spike by spike."""
    network, _ = prepared(8, threshold=0.5, initial_decay=0.5, decay_input=True)
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
    _, layer = prepared(2, threshold=0.75, surrogate="triangular", surrogate_width=2.0)
    for training in (True, False):
        layer.train(training)
        assert float(layer.threshold_rule(torch.zeros(1), 1)) == 0.75
    derivative = layer.surrogate.derivative(torch.tensor(1.25), torch.tensor(0.75), 0)
    assert float(derivative) == pytest.approx((2.0 - 0.5) / 4)


def test_training_moves_every_decay_and_a_reload_brings_it_back() -> None:
    """The decay is in the state; a fresh network with that state evaluates alike."""
    data = few_digits()
    trained = fit(
        tiny_module(), data, method="plif", epochs=4, learning_rate=0.02, device="cpu"
    ).network
    ((_, layer),) = trained.neurons()
    assert abs(float(layer.decay.detach()) - 0.2) > 1e-3
    reloaded = tiny_network(seed=9, time_steps=trained.time_steps, method="plif")
    reloaded.load_state_dict(trained.state_dict())
    assert same_state(copied_state(reloaded), copied_state(trained))
    before, after = (evaluate(network, data.test).logits for network in (trained, reloaded))
    assert np.array_equal(before, after)


def test_it_sets_everything_of_a_neuron() -> None:
    """So it goes with tdbn, and not with another method of neurons."""
    table = {"plif": PLIF, "other": PLIF}
    clauses = contradictions(table, {"plif": PLIFOptions(), "other": PLIFOptions()})
    assert clauses == [
        "plif and other both set the threshold and the decay and the surrogate; use one of them"
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
