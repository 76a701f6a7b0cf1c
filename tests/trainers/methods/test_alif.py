"""ALIF: thresholds that follow each neuron's spikes, by hand and through a plain loop."""

import copy
import math

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from tests.lif_oracle import Array
from tests.one_lif import one_lif
from tests.tiny_training import few_digits, tiny_module, tiny_network
from trainers.evaluation import evaluate
from trainers.fitting import fit
from trainers.methods.alif import ALIF, ALIFOptions, SpikeDrivenThreshold
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF


def prepared(
    time_steps: int, *, decay: float = 0.5, **options: object
) -> tuple[SpikingNetwork, LIF, SpikeDrivenThreshold]:
    """One LIF on sequences, float64."""
    network, layer = one_lif("alif", time_steps, built_with=decay, **options)
    rule = layer.threshold_rule
    assert isinstance(rule, SpikeDrivenThreshold)
    return network, layer, rule


def test_thresholds_rise_with_spikes_and_fall_back() -> None:
    """b0 = 1, beta = 1.8, rho = exp(-1/20): a = 0, 1 - rho, rho (1 - rho), ... per neuron."""
    _, layer, _ = prepared(4)
    rho = math.exp(-1 / 20)
    seen = []
    layer.probe = lambda _step, _membrane, threshold, _fired: seen.append(threshold.flatten())
    # The first neuron fires at the first step alone, the second one never.
    layer(torch.tensor([[2.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]).double())
    thresholds = torch.stack(seen)
    rises = [0.0, 1 - rho, rho * (1 - rho), rho**2 * (1 - rho)]
    assert thresholds[:, 0].tolist() == pytest.approx([1 + 1.8 * a for a in rises], rel=1e-6)
    assert thresholds[:, 1].tolist() == [1.0] * 4


@pytest.mark.parametrize(
    ("detach", "by_current"), [(True, (0.48, -0.8, 1.0)), (False, (1.18, -1.3, 1.0))]
)
def test_three_steps_by_hand(detach: bool, by_current: tuple[float, ...]) -> None:
    """b0 = beta = 1, rho = d = 0.5: u = 1.2, 1.6 (both fire), 1.5 below 1.75; g = 1, last counts.

    Through the reset alone: du2 = -0.5 * 1.6 = -0.8, du1 = -0.8 * -0.5 * 1.2 = 0.48.
    With a: theta3 gives da2 = -1, so s2 gets -0.5 more: du2 = -1.3; theta2 gives da1 = 1.3 - 0.5,
    so s1 gets 0.4 beside 1.3 * 0.5 * 1.2 = 0.78: du1 = 1.18.
    """
    network, _, rule = prepared(3, beta=1.0, detach=detach)
    rule.rho.fill_(0.5)
    leaf = torch.tensor([1.2, 1.6, 1.5], dtype=torch.float64).reshape(3, 1, 1).requires_grad_()
    spikes = network(leaf)
    assert spikes.flatten().tolist() == [1.0, 1.0, 0.0]
    spikes[-1].sum().backward()
    assert leaf.grad is not None
    assert leaf.grad.flatten().tolist() == pytest.approx(by_current, rel=1e-12)


def spikes_and_gradient(
    values: Array, upstream: Array, decay: float, rho: float, beta: float, *, through_a: bool
) -> tuple[Array, Array]:
    """The layer with b0 = 1 and rect(1), and gradients of sum(upstream * s), written out."""
    membranes, thresholds, spikes = (np.empty_like(values) for _ in range(3))
    old, a = np.zeros_like(values[0]), np.zeros_like(values[0])
    for step, incoming in enumerate(values):
        membranes[step] = decay * old + incoming
        thresholds[step] = 1 + beta * a
        spikes[step] = membranes[step] > thresholds[step]
        old = membranes[step] * (1 - spikes[step])
        a = rho * a + (1 - rho) * spikes[step]
    by_current = np.empty_like(values)
    later, by_a = np.zeros_like(values[0]), np.zeros_like(values[0])
    for step in reversed(range(len(values))):
        slope = (np.abs(membranes[step] - thresholds[step]) < 0.5).astype(float)
        by_spike = upstream[step] - later * membranes[step]
        if through_a:
            by_spike += (1 - rho) * by_a
        by_a = rho * by_a - beta * by_spike * slope
        by_current[step] = by_spike * slope + later * (1 - spikes[step])
        later = decay * by_current[step]
    return spikes, by_current


@pytest.mark.parametrize("detach", [True, False])
def test_training_equals_the_plain_loop(detach: bool) -> None:
    """Spikes and gradients of many neurons; each pass starts anew, so the second one is equal."""
    network, layer, rule = prepared(6, decay=0.6, tau_a=3.0, detach=detach)
    rng = np.random.default_rng(8)
    values, upstream = rng.normal(0.6, 0.9, (2, 6, 5, 4))
    decay, rho, beta = (float(x) for x in (layer.decay.detach(), rule.rho, rule.beta))
    expected = spikes_and_gradient(values, upstream, decay, rho, beta, through_a=not detach)
    assert 0.02 < expected[0].mean() < 0.6
    for _ in range(2):
        leaf = torch.tensor(values, requires_grad=True)
        spikes = network(leaf)
        (spikes * torch.tensor(upstream)).sum().backward()
        assert np.array_equal(spikes.detach().numpy(), expected[0])
        assert leaf.grad is not None
        assert leaf.grad.numpy() == pytest.approx(expected[1], rel=1e-12, abs=1e-12)


def test_half_precision_spikes_are_remembered_in_float32() -> None:
    """A long memory isn't lost between two bfloat16 numbers; thresholds are the membrane's type."""
    _, layer, rule = prepared(3, tau_a=1000.0)
    rule.float()
    layer.time_steps = 3
    membrane = torch.full((2,), 2.0, dtype=torch.bfloat16)
    for step in range(2):
        assert rule(membrane, step).dtype == torch.bfloat16
        rule.observe(torch.ones_like(membrane), step)
    assert rule.adaptation is not None
    assert rule.adaptation.tolist() == pytest.approx([1 - math.exp(-2 / 1000)] * 2, rel=1e-3)


@pytest.mark.parametrize("detach", [True, False])
def test_the_state_belongs_to_one_pass(detach: bool) -> None:
    """Nothing of a pass stays behind: not in the state, and not in the way of a copy."""
    network, _, rule = prepared(3, detach=detach)
    network(torch.full((3, 2, 2), 2.0, dtype=torch.float64, requires_grad=True))
    assert rule.adaptation is None
    names = {name.rpartition(".")[2] for name in network.state_dict()}
    assert names == {"decay_logit", "b0", "beta", "rho", "width"}
    assert copy.deepcopy(network).state_dict().keys() == network.state_dict().keys()


def test_a_pass_that_was_broken_off_leaves_nothing_to_the_next() -> None:
    """The first step of a pass starts from a = 0 whatever happened before."""
    _, _, rule = prepared(3)
    membrane = torch.full((2,), 2.0, dtype=torch.float64)
    rule(membrane, 0)
    rule.observe(torch.ones_like(membrane), 0)
    assert float(rule(membrane, 1).min()) > 1.0
    assert rule(membrane, 0).tolist() == [1.0, 1.0]


def test_evaluation_does_not_depend_on_the_batch_and_survives_a_reload() -> None:
    """A trained network decides alike in batches of 1 and of 40, and so does its reload."""
    data = few_digits()
    low = {"threshold": 0.5, "beta": 0.9}  # In the state too, so that the reload needn't know it.
    trained = fit(
        tiny_module(), data, method="alif", options=low, time_steps=4, epochs=4, device="cpu"
    ).network
    reloaded = tiny_network(seed=9, time_steps=4, method="alif")
    reloaded.load_state_dict(trained.state_dict())
    expected = evaluate(trained.double(), data.test, record_spikes=True)
    assert expected.spikes["2"].mean() > 0.02
    alone = evaluate(reloaded.double(), data.test, record_spikes=True, batch_size=1)
    assert np.array_equal(alone.spikes["2"], expected.spikes["2"])
    assert alone.logits == pytest.approx(expected.logits, abs=1e-12)


def test_without_adaptation_it_is_the_baseline() -> None:
    """beta = 0 trains to the baseline's weights, bit for bit; decays stay the network's."""
    plain = fit(tiny_module(), few_digits(), method="baseline", epochs=1, device="cpu").network
    without = fit(
        tiny_module(), few_digits(), method="alif", options={"beta": 0.0}, epochs=1, device="cpu"
    ).network
    left, right = plain.state_dict(), without.state_dict()
    shared = left.keys() & right.keys()
    assert len(shared) == len(left) - 1  # The baseline's constant threshold.
    assert all(torch.equal(left[name], right[name]) for name in shared)
    assert ALIF.parts(ALIFOptions()) == {"threshold", "surrogate"}


@pytest.mark.parametrize("values", [{"tau_a": 0.0}, {"beta": -1.0}, {"threshold": 0.0}])
def test_senseless_options_are_refused(values: dict[str, float]) -> None:
    """No memory, a threshold that falls with spikes, and one of nothing."""
    with pytest.raises(ValidationError, match=next(iter(values))):
        ALIFOptions.model_validate(values)
