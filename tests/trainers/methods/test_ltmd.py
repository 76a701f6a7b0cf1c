"""LTMD: the learnt threshold, its gradient by hand and through a plain loop."""

import math

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import nn

from tests.lif_oracle import Array
from tests.one_lif import one_lif
from tests.tiny_training import few_digits, tiny_module, tiny_network
from trainers.evaluation import evaluate
from trainers.fitting import fit
from trainers.methods.ltmd import LTMD, LearnableThreshold, LTMDOptions
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF


def prepared(
    time_steps: int, *, theta: float, decay: float
) -> tuple[SpikingNetwork, LIF, LearnableThreshold]:
    """One LIF on sequences, float64, with exactly this threshold and decay."""
    network, layer = one_lif("ltmd", time_steps, decay=decay)
    rule = layer.threshold_rule
    assert isinstance(rule, LearnableThreshold)
    rule.w.data.fill_(math.atanh(theta))
    return network, layer, rule


def schedule(layer: LIF, time_steps: int) -> list[float]:
    """The thresholds that freezing reads."""
    rule = layer.threshold_rule
    assert isinstance(rule, LearnableThreshold)
    thresholds: list[float] = rule.schedule(time_steps).tolist()
    return thresholds


def test_start_of_threshold_and_decay() -> None:
    """theta = tanh(0.5) = 0.4621 at every step, decay 0.25 and not learnt."""
    network = SpikingNetwork(nn.Sequential(LIF(0.9, learn_decay=True)), 3)
    LTMD.prepare(network, LTMDOptions())
    ((_, layer),) = network.neurons()
    assert schedule(layer, 3) == pytest.approx([0.46211716] * 3, abs=1e-7)
    for training in (True, False):
        layer.train(training)
        threshold = layer.threshold_rule(torch.zeros(1), 1).detach()
        assert float(threshold) == pytest.approx(0.46211716, abs=1e-7)
    assert float(layer.decay.detach()) == pytest.approx(0.25, abs=1e-7)
    names = [name for name, weight in network.named_parameters() if weight.requires_grad]
    assert names == ["body.0.threshold_rule.w"]


def test_three_steps_by_hand() -> None:
    """theta = 0.5, d = 0.5: u = 0.4, 0.7 (fires), 0.3, and only the last spike counts; g = 1.

    ds1 = -1 (all by theta); du2 = 0.5 * (-0.4 * -1) = 0.2, ds2 = 0.2 - 1 = -0.8;
    du3 = 0.5 * (-0.7 * -0.8) = 0.28, ds3 = 0.28 - 1 = -0.72; times 1 - tanh(w)^2 = 0.75.
    """
    network, _, rule = prepared(3, theta=0.5, decay=0.5)
    currents = torch.tensor([0.4, 0.5, 0.3], dtype=torch.float64).reshape(3, 1, 1)
    spikes = network(currents)
    assert spikes.flatten().tolist() == [0.0, 1.0, 0.0]
    spikes[-1].sum().backward()
    assert rule.w.grad is not None
    assert float(rule.w.grad) == pytest.approx(-0.54, rel=1e-12)


def by_current_and_threshold(
    values: Array, upstream: Array, decay: float, theta: float
) -> tuple[Array, Array, float]:
    """Spikes and gradients of sum(upstream * s), written out for rect(1)."""
    membranes, spikes = np.empty_like(values), np.empty_like(values)
    old = np.zeros_like(values[0])
    for step, incoming in enumerate(values):
        membranes[step] = decay * old + incoming
        spikes[step] = membranes[step] > theta
        old = membranes[step] * (1 - spikes[step])
    by_current, by_theta = np.empty_like(values), 0.0
    later = np.zeros_like(values[0])
    for step in reversed(range(len(values))):
        slope = (np.abs(membranes[step] - theta) < 0.5).astype(float)
        by_spike = upstream[step] - later * membranes[step]
        by_theta -= float((by_spike * slope).sum())
        by_current[step] = by_spike * slope + later * (1 - spikes[step])
        later = decay * by_current[step]
    return spikes, by_current, by_theta


def test_training_equals_the_plain_loop() -> None:
    """Spikes and gradients by currents and by w, in a random case of many neurons."""
    network, layer, rule = prepared(5, theta=0.4, decay=0.25)
    rng = np.random.default_rng(4)
    values, upstream = rng.normal(0.3, 0.6, (2, 5, 4, 3))
    leaf = torch.tensor(values, requires_grad=True)
    spikes = network(leaf)
    (spikes * torch.tensor(upstream)).sum().backward()
    decay, theta = float(layer.decay.detach()), math.tanh(float(rule.w.detach()))
    expected, by_current, by_theta = by_current_and_threshold(values, upstream, decay, theta)
    assert np.array_equal(spikes.detach().numpy(), expected)
    assert 0.02 < expected.mean() < 0.6
    assert leaf.grad is not None
    assert leaf.grad.numpy() == pytest.approx(by_current, rel=1e-12, abs=1e-12)
    assert rule.w.grad is not None
    assert float(rule.w.grad) == pytest.approx(by_theta * (1 - theta**2), rel=1e-9)


def test_training_moves_the_threshold_and_a_reload_brings_it_back() -> None:
    """The optimiser holds w; a fresh network with that state evaluates alike."""
    data = few_digits()
    trained = fit(tiny_module(), data, method="ltmd", epochs=4, device="cpu").network
    ((_, layer),) = trained.neurons()
    assert abs(schedule(layer, 1)[0] - math.tanh(0.5)) > 1e-3
    reloaded = tiny_network(seed=9, time_steps=trained.time_steps, method="ltmd")
    before = evaluate(reloaded, data.test).logits
    reloaded.load_state_dict(trained.state_dict())
    expected = evaluate(trained, data.test).logits
    assert np.array_equal(evaluate(reloaded, data.test).logits, expected)
    assert not np.array_equal(before, expected)


def test_options_reach_the_neuron() -> None:
    """Start, decay and surrogate can be chosen."""
    network = SpikingNetwork(nn.Sequential(LIF()), 2)
    chosen = LTMDOptions(initial_w=1.0, decay=0.5, surrogate="arctan", surrogate_width=2.0)
    LTMD.prepare(network, chosen)
    ((_, layer),) = network.neurons()
    assert schedule(layer, 1) == pytest.approx([math.tanh(1.0)], abs=1e-7)
    assert float(layer.decay.detach()) == pytest.approx(0.5)
    derivative = layer.surrogate.derivative(torch.tensor(1.0), torch.tensor(0.0), 0)
    assert float(derivative) == pytest.approx(1 / (1 + (math.pi / 2) ** 2), rel=1e-6)
    assert LTMD.parts(chosen) == {"threshold", "surrogate", "decay"}


def test_a_threshold_that_starts_at_zero_is_refused() -> None:
    """tanh(0) = 0 could never be rescaled to 1."""
    with pytest.raises(ValidationError, match="initial_w"):
        LTMDOptions(initial_w=0.0)
