"""Values that must be probabilities: arrays are looked at, lazy ones when they are read."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.tiny_training import few_digits
from trainers.data import Split
from trainers.encodings.encoded_inputs import EncodedInputs
from trainers.encodings.unit_interval import in_unit_interval, refuse_outside
from trainers.errors import ConfigError


@pytest.mark.parametrize("part", ["train", "validation", "test"])
@pytest.mark.parametrize(("shift", "reach"), [(0.5, "0.5 to 1.5"), (-1.0, "-1 to 0")])
def test_each_split_is_looked_at(part: str, shift: float, reach: str) -> None:
    """Encoding, data set, split and range in one line."""
    data = few_digits()
    split = getattr(data, part)
    shifted: dict[str, Any] = {part: Split(split.inputs[:] + np.float32(shift), split.labels)}
    wrong = replace(data, **shifted)
    message = rf"'rate': the {part} split of data set 'few digits' has values from {reach}, but"
    with pytest.raises(ConfigError, match=message):
        refuse_outside("rate", wrong)


def test_nothing_lazy_is_read() -> None:
    """A look at all images would read every file."""

    def unreadable(*_: object) -> None:
        raise AssertionError("read")

    data = few_digits()
    lazy = Split(EncodedInputs(data.train.inputs, unreadable, (1,)), data.train.labels)  # type: ignore[arg-type]
    refuse_outside("rate", replace(data, train=lazy, validation=lazy, test=lazy))


def test_the_ends_are_inside() -> None:
    """0 and 1 pass, and an empty batch."""
    ends = np.array([[0, 1]], np.float32)
    assert in_unit_interval("rate", ends) is ends
    assert in_unit_interval("rate", ends[:0]).shape == (0, 2)
