"""MPD-AGL: widths from norm and decay."""

import pytest
import torch
from torch import nn

from tests.torch_networks import thresholds
from trainers.methods.mpd_agl import MPD_AGL, MPDAGLOptions, NormDrivenGradient
from trainers.network import SpikingNetwork
from trainers.networks.residual_blocks import CurrentBlock
from trainers.neurons.lif import LIF
from trainers.preceding_norm import norms_before


def prepared(**options: object) -> SpikingNetwork:
    """conv - norm - LIF - pool - linear - LIF, with the method installed."""
    body = nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1), nn.BatchNorm2d(3), LIF(0.2), nn.AvgPool2d(2), nn.Flatten(),
        nn.Linear(12, 4), LIF(0.2),
    )  # fmt: skip
    network = SpikingNetwork(body, 3)
    MPD_AGL.prepare(network, MPDAGLOptions.model_validate(options))
    return network


def surrogate(network: SpikingNetwork, index: int) -> NormDrivenGradient:
    """The surrogate of the index-th LIF."""
    found = [neuron for _, neuron in network.neurons()][index].surrogate
    assert isinstance(found, NormDrivenGradient)
    return found


def test_initial_widths() -> None:
    """gain 1, V_th 0.5, decay 0.2: k(1) = 1.0 and k(t >= 2) = 1.0198."""
    found = surrogate(prepared(), 0)
    assert float(found.width(0)) == pytest.approx(1.0, abs=1e-6)
    assert float(found.width(1)) == pytest.approx(1.0198, abs=5e-5)
    assert float(found.width(2)) == float(found.width(1))


def test_width_follows_the_mean_gain_and_the_decay() -> None:
    """k = 2 g sqrt(1 + tau^2), from the norm as it is at the moment."""
    network = prepared()
    norm = network.body[1]  # type: ignore[index]
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([0.2, 0.4, 0.9]))
    neuron = next(network.neurons())[1]
    with torch.no_grad():
        neuron.decay_logit.fill_(0.0)
    found = surrogate(network, 0)
    assert float(found.width(0)) == pytest.approx(1.0)
    assert float(found.width(1)) == pytest.approx(1.25**0.5)


def test_width_is_detached_and_bounded() -> None:
    """No gradient reaches gain or decay through the width; a mean gain of 0 doesn't divide by 0."""
    network = prepared()
    norm = network.body[1]  # type: ignore[index]
    assert not surrogate(network, 0).width(1).requires_grad
    with torch.no_grad():
        norm.weight.zero_()
    assert float(surrogate(network, 0).width(0)) == pytest.approx(1e-3)


def test_a_layer_without_norm_keeps_width_one() -> None:
    """The second LIF's current comes straight from a linear layer."""
    found = surrogate(prepared(), 1)
    assert float(found.width(0)) == 1.0
    assert float(found.width(1)) == 1.0


def test_threshold_and_decay() -> None:
    """The threshold is V_th in training and evaluation; the decay is learnable unless told not."""
    network = prepared(learn_decay=False)
    for _, neuron in network.neurons():
        assert thresholds(neuron, 3) == [0.5, 0.5, 0.5]
        assert not neuron.decay_logit.requires_grad
    assert all(neuron.decay_logit.requires_grad for _, neuron in prepared().neurons())


def test_a_gradient_step_changes_the_width() -> None:
    """The norm's gain learns through the normalisation, and the width follows it."""
    torch.manual_seed(0)
    network = prepared()
    before = float(surrogate(network, 0).width(0))
    optimizer = torch.optim.SGD(network.parameters(), lr=1.0)
    network(torch.rand(8, 1, 4, 4)).sum().backward()
    optimizer.step()
    assert float(surrogate(network, 0).width(0)) != before


def test_all_norms_before_a_residual_sum_count() -> None:
    """Both start at V_th, and their currents' variances add: k(1) = 2 sqrt(0.5^2 + 0.5^2)."""
    network = SpikingNetwork(CurrentBlock(3, 6, 2, 0.2), 2)
    MPD_AGL.prepare(network, MPDAGLOptions())
    norms = [before.norm for before in norms_before(network, "mpd-agl")["neuron"]]
    assert [norm.weight.tolist() for norm in norms] == [[0.5] * 6] * 2
    found = surrogate(network, 1)
    assert float(found.width(0)) == pytest.approx(2 * 0.5**0.5)
    assert float(found.width(1)) == pytest.approx(2 * (1.04 * 0.5) ** 0.5)
