"""The bound of a threshold that spikes raise: never below what float32 does, and not far above."""

import numpy as np
import pytest
import torch

from export.moving_threshold import MovingThreshold
from export.nir_metadata import AdaptationFacts
from hwsim.verify.arithmetic import FLOAT32, gamma
from hwsim.verify.threshold_error import ThresholdError

STEPS = 200
Q = 2 * FLOAT32.parameter_error + gamma(4, FLOAT32.roundoff)


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.951229, 0.9995])
@pytest.mark.parametrize("beta", [0.1, 1.8, 40.0])
def test_float32_stays_within(beta: float, rho: float) -> None:
    """The recurrence in float32, step by step, beside the same in float64."""
    rng = np.random.default_rng(1)
    spikes = rng.random((STEPS, 500)) < 0.4
    factors = tuple(rng.uniform(0.3, 2.0, STEPS).tolist())
    threshold = 0.7310585786300049
    bound = ThresholdError(
        torch.tensor(threshold, dtype=torch.float64),
        MovingThreshold(factors, AdaptationFacts(beta=beta, rho=rho)),
        Q,
        torch.zeros(500, dtype=torch.float64),
        STEPS,
    )
    wide, narrow = np.zeros(500), np.zeros(500, np.float32)
    single = np.float32
    closest = 0.0
    for t in range(STEPS):
        exact = threshold * factors[t] * (1 + beta * wide)
        rounded = single(threshold * factors[t]) * (single(1) + single(beta) * narrow)
        assert rounded.dtype == np.float32
        allowed = np.broadcast_to(bound.at(t).numpy(), exact.shape)
        apart = np.abs(rounded - exact)
        assert (apart <= allowed).all()
        closest = max(closest, float((apart / allowed).max()))
        assert (allowed <= 1e-3 * exact).all()
        wide = rho * wide + (1 - rho) * spikes[t]
        narrow = single(rho) * narrow + single(1 - rho) * spikes[t].astype(np.float32)
        bound.observe(torch.from_numpy(spikes[t]))
    assert closest > 0.005, "the bound says nothing"
