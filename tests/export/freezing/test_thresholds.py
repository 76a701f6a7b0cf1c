"""Thresholds per step become one constant, or the layer and the step are named."""

import numpy as np
import pytest
import torch
from torch import nn

from export.errors import LimitExceeded
from export.freezing.strategies import STRATEGIES
from export.freezing.thresholds import threshold_schedules
from trainers.methods import METHODS
from trainers.methods.adaptive_threshold import AdaptiveThreshold
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF


def network(*running: float) -> SpikingNetwork:
    """Two LIFs under DS-ATGO; the second has these running thresholds."""
    body = nn.Sequential(nn.Linear(4, 4), LIF(), nn.Sequential(nn.Linear(4, 4), LIF()))
    made = SpikingNetwork(body, len(running))
    METHODS["ds-atgo"].prepare(made, METHODS["ds-atgo"].options())
    rule = dict(made.neurons())["2.1"].threshold_rule
    assert isinstance(rule, AdaptiveThreshold)
    rule.running.copy_(torch.tensor(running))
    return made


def test_schedules_come_by_path_and_step() -> None:
    """Each LIF's evaluation thresholds, float64 [T], under its path in the body."""
    schedules = threshold_schedules(network(0.5, 0.25, 0.75))
    assert schedules.keys() == {"1", "2.1"}
    np.testing.assert_array_equal(schedules["1"], [1.0, 1.0, 1.0])
    np.testing.assert_array_equal(schedules["2.1"], [0.5, 0.25, 0.75])
    assert schedules["2.1"].dtype == np.float64


def test_mean_is_the_mean_over_steps() -> None:
    """Strategy `mean`, to the last bit where the thresholds allow it."""
    trained = network(0.5, 0.25, 0.75)
    means = STRATEGIES["mean"].choose(trained, threshold_schedules(trained), None)
    assert means == {"1": 1.0, "2.1": 0.5}


@pytest.mark.parametrize("value", [0.0, -0.125, float("nan"), float("inf")])
def test_a_threshold_that_is_not_positive_names_layer_and_step(value: float) -> None:
    """Dividing weights by it would turn signs around or lose them; the mean alone may hide it."""
    with pytest.raises(
        LimitExceeded, match=rf"layer '2\.1', step 2: threshold {value:g} is not positive"
    ):
        threshold_schedules(network(0.5, 0.75, value))
