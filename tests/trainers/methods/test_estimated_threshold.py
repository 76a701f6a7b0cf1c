"""DS-ATGO's estimated threshold, from the decay; against a plain loop in test_learnt_decay."""

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from tests.one_lif import one_lif
from trainers.methods.adaptive_threshold import EstimatedThreshold
from trainers.methods.ds_atgo import DSATGOOptions, prepare
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF


def prepared(decay: float = 0.2, **options: object) -> tuple[SpikingNetwork, LIF]:
    """One LIF of four steps with estimated thresholds, float64."""
    return one_lif("ds-atgo", 4, built_with=decay, threshold_statistic="estimated", **options)


@pytest.mark.parametrize(("decay", "f_c"), [(0.2, 1.0), (0.75, 1.0), (0.75, 0.5)])
def test_the_threshold_is_what_the_decay_lets_expect(decay: float, f_c: float) -> None:
    """f_c sqrt(1 + tau^2) V_th whatever the membrane: 1.0198 at 0.2, 1.25 at 0.75."""
    _, layer = prepared(decay, f_c=f_c)
    for membrane in (torch.zeros(3).double(), 100 * torch.ones(7).double()):
        threshold = layer.threshold_rule(membrane, 0)
        assert float(threshold) == pytest.approx(f_c * (1 + decay**2) ** 0.5, rel=1e-9)
        assert threshold.dtype == torch.float64
        assert not threshold.requires_grad


def test_it_follows_the_decay_as_it_learns() -> None:
    """The decay of the moment counts, and stays out of the gradient graph."""
    _, layer = prepared()
    layer.set_decay(0.75)
    assert float(layer.threshold_rule(torch.zeros(1), 2)) == pytest.approx(1.25, rel=1e-9)


def test_running_thresholds_move_as_those_of_batches_do() -> None:
    """From 1.0 towards 1.25 with m = 0.1, at that step alone; evaluation uses them."""
    _, layer = prepared(0.75)
    rule = layer.threshold_rule
    assert isinstance(rule, EstimatedThreshold)
    for after in (1.025, 1.0475):
        rule(torch.zeros(2), 1)
        assert rule.running.tolist() == pytest.approx([1.0, after, 1.0, 1.0], abs=1e-9)
    rule.eval()
    assert float(rule(torch.zeros(2), 1)) == pytest.approx(1.0475, abs=1e-9)
    assert rule.schedule(5).tolist() == pytest.approx([1.0, 1.0475, 1.0, 1.0, 1.0], abs=1e-9)


def test_states_are_those_of_the_true_statistic() -> None:
    """A checkpoint of either holds the same names, the layer not twice."""
    network, _ = prepared()
    other = SpikingNetwork(nn.Sequential(LIF()), 4)
    prepare(other, DSATGOOptions())
    assert network.state_dict().keys() == other.state_dict().keys()


def test_it_needs_the_adaptive_threshold() -> None:
    """Estimating a threshold that is switched off would be ignored without a word."""
    with pytest.raises(ValidationError, match="'estimated' needs adaptive_threshold"):
        DSATGOOptions(adaptive_threshold=False, threshold_statistic="estimated")
