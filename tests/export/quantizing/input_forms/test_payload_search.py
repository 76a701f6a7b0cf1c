"""The search for payloads: bounds that hold after rounding, and layers that nothing fits."""

import numpy as np
import pytest

from export.errors import LimitExceeded
from export.quantizing.compose import FloatDense
from export.quantizing.input_forms.payload_search import PayloadLayer, best_payloads
from export.quantizing.input_forms.weighted_sums import largest_sum
from export.quantizing.payload_quantization import SUM_MAX


def layer(seed: int, bias: float = 0.0, threshold: float = 100.0) -> PayloadLayer:
    """300 excitatory inputs; one calibration sample makes 90 % of the largest possible sum."""
    rng = np.random.default_rng(seed)
    samples = rng.random((20, 300))
    samples[0], samples[1, 0] = 0.9, 1.0
    weights = FloatDense(rng.uniform(0.5, 1.0, (4, 300)), np.full(4, bias))
    return PayloadLayer(
        name="l",
        shape=(4,),
        operation=weights,
        threshold=threshold,
        largest_membrane=float(weights.weight.sum(axis=1).max()) + bias,
        charge=1.0,
        samples=samples,
        most_bits=8,
    )


@pytest.mark.parametrize("seed", range(8))
def test_a_bound_for_any_payloads_survives_rounding(seed: int) -> None:
    """Where the calibration comes near the worst case, no payloads may wrap, rounded or not."""
    found = best_payloads(layer(seed))
    payload = found.payload
    assert payload.worst_sum == largest_sum(found.integers.weight, 0, payload.highest)
    assert 0.98 * SUM_MAX < payload.worst_sum <= SUM_MAX
    assert payload.calibration_sum <= payload.worst_sum
    assert not payload.can_wrap


def test_what_no_range_can_hold_is_refused() -> None:
    """A bias of 100,000 thresholds has no mantissa beside them."""
    with pytest.raises(LimitExceeded, match="layer 'l': its threshold would round to 0"):
        best_payloads(layer(0, bias=1e7))
