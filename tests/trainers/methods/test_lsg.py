"""LSG: one width for all steps, from the decay; its training in test_learnt_decay."""

import pytest
import torch
from torch import nn

from tests.torch_networks import Residual, conv_norm, gains
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


def test_all_norms_before_a_neuron_start_at_the_threshold() -> None:
    """Both branches of a sum included; decays are learnt."""
    body = nn.Sequential(
        *conv_norm(1, 4), LIF(0.9),
        Residual(conv_norm(4, 4), conv_norm(4, 4), LIF(0.9)),
        nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4),
    )  # fmt: skip
    network = prepared(body)
    assert gains(body) == {"1": 0.5, "3.branch.1": 0.5, "3.shortcut.1": 0.5, "5": 1.0}
    for _, layer in network.neurons():
        assert float(layer.decay.detach()) == pytest.approx(0.2, abs=1e-7)
        assert layer.decay_logit.requires_grad
        assert float(layer.threshold_rule(torch.zeros(1), 0)) == 0.5
    assert LSG.parts(LSGOptions()) == {"threshold", "surrogate", "decay", "norm"}
