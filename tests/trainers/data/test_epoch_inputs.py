"""Inputs that change with the epoch, told apart from those that don't."""

import numpy as np

from tests.tiny_training import few_digits
from trainers.data.epoch_inputs import EpochInputs, inputs_in_epoch
from trainers.encodings.encoded_splits import encode_data


def test_arrays_and_fixed_inputs_stay_as_they_are() -> None:
    """The very same object in every epoch."""
    data = few_digits()
    latency = encode_data(data, "latency", time_steps=3).train.inputs
    for inputs in (data.train.inputs, latency):
        assert not isinstance(inputs, EpochInputs)
        assert inputs_in_epoch(inputs, 3) is inputs


def test_others_are_asked_for_their_epoch() -> None:
    """Which leaves them as they were."""
    inputs = encode_data(few_digits(), "rate", time_steps=3).train.inputs
    assert isinstance(inputs, EpochInputs)
    before = inputs[:4]
    later = inputs_in_epoch(inputs, 3)[:4]
    assert (later != before).any()
    np.testing.assert_array_equal(inputs[:4], before)
    np.testing.assert_array_equal(inputs.in_epoch(3)[:4], later)
