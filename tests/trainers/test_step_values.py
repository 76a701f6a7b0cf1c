"""Values per step at another T: by hand."""

import torch

from trainers.step_values import repeated_last


def test_beyond_the_trained_steps_the_last_value_repeats() -> None:
    """And fewer steps use the first ones."""
    assert repeated_last(torch.tensor([1.0, 2.0]), 4).tolist() == [1.0, 2.0, 2.0, 2.0]
    assert repeated_last(torch.tensor([1.0, 2.0]), 1).tolist() == [1.0]
