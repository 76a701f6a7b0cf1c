"""The readout rule."""

import numpy as np
import pytest

from export.errors import InvalidGraph
from export.executor import logits
from export.nir_metadata import FrozenFacts, InputFacts, ReadoutFacts


def facts(weights: tuple[float, ...] | None = None) -> FrozenFacts:
    return FrozenFacts(
        spikeport="0.1.0",
        time_steps=3,
        input=InputFacts(form="static", shape=(1,)),
        readout=ReadoutFacts(weights=weights),
    )


OUTPUTS = np.array([[[1.0, 2.0]], [[3.0, 5.0]], [[5.0, -1.0]]])


def test_mean() -> None:
    """Without weights the logits are the mean over time."""
    np.testing.assert_array_equal(logits(OUTPUTS, facts()), [[3.0, 2.0]])


def test_weighted_mean() -> None:
    """Weights multiply the steps; the sum is still divided by T."""
    np.testing.assert_array_equal(logits(OUTPUTS, facts((3.0, 0.0, 1.5))), [[3.5, 1.5]])


def test_weights_for_another_number_of_steps() -> None:
    """Weights are of no use to a run of another length."""
    with pytest.raises(InvalidGraph, match="weights for 2 steps, but 3 are run"):
        logits(OUTPUTS, facts((1.0, 1.0)))
