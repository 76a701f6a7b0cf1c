"""Threshold rules: constant ones, and what they leave in a checkpoint."""

import pytest
import torch

from trainers.neurons.threshold import FixedThreshold, ThresholdRule


def test_a_fixed_threshold_is_the_same_at_every_step() -> None:
    """Whatever the membrane, the step, training or evaluation."""
    rule = FixedThreshold(0.75)
    for training in (True, False):
        rule.train(training)
        assert [rule(torch.randn(3), step).item() for step in range(4)] == [0.75] * 4


def test_the_schedule_has_one_value_per_step() -> None:
    """Freezing reads T values, also where they are all the same."""
    assert FixedThreshold(0.5).schedule(3).tolist() == [0.5, 0.5, 0.5]


def test_the_value_travels_in_the_checkpoint() -> None:
    """Loading the state of another layer brings its threshold along."""
    rule = FixedThreshold(1.0)
    rule.load_state_dict(FixedThreshold(0.25).state_dict())
    assert rule(torch.zeros(1), 0).item() == 0.25


def test_the_base_class_asks_for_a_rule() -> None:
    """Neither a threshold nor a schedule is made up."""
    with pytest.raises(TypeError, match="forward, schedule"):
        ThresholdRule()  # type: ignore[abstract]
