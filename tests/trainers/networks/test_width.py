"""Widths: rounded, never nothing."""

import pytest
from pydantic import ValidationError

from trainers.networks.width import WidthOptions, scaled


@pytest.mark.parametrize(
    ("channels", "width", "expected"),
    [(64, 1.0, 64), (64, 0.125, 8), (64, 2.0, 128), (100, 0.125, 12), (64, 0.001, 1), (3, 0.5, 2)],
)
def test_channels_are_scaled_and_rounded(channels: int, width: float, expected: int) -> None:
    """The nearest integer, but one channel at least."""
    assert scaled(channels, width) == expected


@pytest.mark.parametrize(
    "values",
    [{"width": 0.0}, {"width": -1.0}, {"width": float("inf")}, {"decay": 1.0}, {"depth": 3}],
)
def test_senseless_options_are_refused(values: dict[str, object]) -> None:
    """No width, no end of it, no leak, an unknown key."""
    with pytest.raises(ValidationError, match=next(iter(values))):
        WidthOptions.model_validate(values)
