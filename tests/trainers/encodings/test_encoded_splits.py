"""Encodings by name: what each takes, and what is refused."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.tiny_training import few_digits
from trainers.data import DataSplits, Split
from trainers.data.load import load_data
from trainers.encodings.encoded_splits import encode_data
from trainers.errors import ConfigError


def refused(data: DataSplits, name: str, message: str, **options: Any) -> None:
    """In one line."""
    with pytest.raises(ConfigError, match=message) as error:
        encode_data(data, name, time_steps=8, **options)
    assert "\n" not in str(error.value)


def test_direct_changes_nothing() -> None:
    """Neither static samples nor sequences."""
    data, rows = few_digits(), load_data("digits", form="rows")
    assert encode_data(data, "direct", time_steps=3) is data
    assert encode_data(rows, "direct", time_steps=8) is rows


def test_combinations_without_a_meaning_are_refused() -> None:
    """By the names of encoding and data set, with what would go."""
    rows = load_data("digits", form="rows")
    sequences = "takes static samples, but data set 'digits' has sequences. Choose direct or delta"
    refused(rows, "rate", f"'rate': {sequences}")
    refused(rows, "latency", f"'latency': {sequences}")
    static = "takes sequences, but data set 'few digits' has static samples. Choose direct or rate"
    refused(few_digits(), "delta", f"'delta': {static} or latency")


@pytest.mark.parametrize("name", ["rate", "latency"])
def test_values_outside_the_unit_interval_are_refused(name: str) -> None:
    """Before anything is trained on them."""
    data = few_digits()
    wide = replace(data, test=Split(data.test.inputs[:] - np.float32(0.5), data.test.labels))
    refused(wide, name, rf"'{name}': the test split .* from -0\.5 to 0\.5, but .* \[0, 1\]")


def test_unknown_names_and_options_are_refused() -> None:
    """As in a recipe."""
    refused(few_digits(), "morse", "encode_data: encoding.name: unknown 'morse'; known: delta, d")
    refused(few_digits(), "rate", "encode_data: encoding.gain: unknown key", gain=2)


def test_readers_stay_as_they_were() -> None:
    """Lazy images are still read by as many processes."""
    data = replace(few_digits(), workers=3, input_scale=1 / 16)
    found = encode_data(data, "rate", time_steps=2)
    assert (found.workers, found.input_scale) == (3, 1 / 16)
