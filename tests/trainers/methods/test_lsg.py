"""LSG: one width for all steps, from the decay."""

import numpy as np
import pytest
import torch
from torch import nn

from tests import lif_oracle
from tests.tiny_training import few_digits, tiny_module, tiny_network
from tests.torch_networks import Residual, conv_norm
from trainers.evaluation import evaluate
from trainers.fitting import fit
from trainers.methods.lsg import LSG, DecayDrivenGradient, LSGOptions
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF


def prepared(body: nn.Module, time_steps: int = 3, **options: object) -> SpikingNetwork:
    """The body over time, with the method installed."""
    network = SpikingNetwork(body, time_steps, sequence=True)
    LSG.prepare(network, LSGOptions.model_validate(options))
    return network


@pytest.mark.parametrize(
    ("threshold", "decay", "width"), [(0.5, 0.2, 1.0198039), (0.5, 0.75, 1.25), (2.0, 0.75, 5.0)]
)
def test_width_of_every_step(threshold: float, decay: float, width: float) -> None:
    """k = 2 V_th sqrt(1 + beta^2), at the first step too: 1.0198 at the start."""
    network = prepared(nn.Sequential(LIF(0.9)), threshold=threshold, initial_decay=decay)
    ((_, layer),) = network.neurons()
    surrogate = layer.surrogate
    assert isinstance(surrogate, DecayDrivenGradient)
    assert float(surrogate.width(torch.tensor(threshold))) == pytest.approx(width, rel=1e-6)
    assert not surrogate.width(torch.tensor(threshold)).requires_grad
    edge = threshold + width / 2
    for step in range(3):
        membrane = torch.tensor([edge - 1e-3, edge + 1e-3])
        found = surrogate.derivative(membrane, torch.tensor(threshold), step)
        assert found.tolist() == pytest.approx([1 / width, 0.0], rel=1e-6)


def test_training_equals_the_plain_loop() -> None:
    """Spikes and gradients, by the decay too: through the dynamics alone, not the width."""
    network = prepared(nn.Sequential(LIF()), 5, initial_decay=0.6).double()
    ((_, layer),) = network.neurons()
    rng = np.random.default_rng(6)
    values, upstream = rng.normal(0.3, 0.7, (2, 5, 4, 3))
    leaf = torch.tensor(values, requires_grad=True)
    spikes = network(leaf)
    (spikes * torch.tensor(upstream)).sum().backward()
    decay = float(layer.decay.detach())
    width = float((1 + decay**2) ** 0.5)
    run = lif_oracle.forward(values, decay, lambda _u, _t: 0.5, lambda _u, _t: width)
    by_current, by_decay = lif_oracle.backward(run, decay, upstream)
    assert np.array_equal(spikes.detach().numpy(), run.spikes)
    assert 0.02 < run.spikes.mean() < 0.6
    assert leaf.grad is not None
    assert leaf.grad.numpy() == pytest.approx(by_current, rel=1e-12, abs=1e-12)
    assert layer.decay_logit.grad is not None
    assert float(layer.decay_logit.grad) == pytest.approx(by_decay * decay * (1 - decay), rel=1e-9)


def test_all_norms_before_a_neuron_start_at_the_threshold() -> None:
    """Both branches of a sum included; decays are learnt."""
    body = nn.Sequential(
        *conv_norm(1, 4), LIF(0.9),
        Residual(conv_norm(4, 4), conv_norm(4, 4), LIF(0.9)),
        nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4),
    )  # fmt: skip
    network = prepared(body)
    gains = {
        name: module.weight.tolist()
        for name, module in body.named_modules()
        if isinstance(module, nn.BatchNorm2d)
    }
    half = [0.5] * 4
    assert gains == {"1": half, "3.branch.1": half, "3.shortcut.1": half, "5": [1.0] * 4}
    for _, layer in network.neurons():
        assert float(layer.decay.detach()) == pytest.approx(0.2, abs=1e-7)
        assert layer.decay_logit.requires_grad
        assert float(layer.threshold_rule(torch.zeros(1), 0)) == 0.5
    assert LSG.parts(LSGOptions()) == {"threshold", "surrogate", "decay", "norm"}


def test_a_reloaded_network_evaluates_identically() -> None:
    """The width is gone in evaluation, the learnt decay is in the state."""
    data = few_digits()
    trained = fit(
        tiny_module(), data, method="lsg", epochs=4, learning_rate=0.02, device="cpu"
    ).network
    ((_, layer),) = trained.neurons()
    assert abs(float(layer.decay.detach()) - 0.2) > 1e-3
    reloaded = tiny_network(seed=9, time_steps=trained.time_steps, method="lsg")
    reloaded.load_state_dict(trained.state_dict())
    expected = evaluate(trained, data.test).logits
    assert np.array_equal(evaluate(reloaded, data.test).logits, expected)
