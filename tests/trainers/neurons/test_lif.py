"""The LIF layer against a plain loop in float64, forward and backward."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import lif_oracle
from trainers.errors import ConfigError
from trainers.neurons.lif import LIF
from trainers.neurons.shaped import Shaped


def over_time(layer: LIF, currents: torch.Tensor) -> torch.Tensor:
    """Spikes [T, B, ...] for currents [T, B, ...]."""
    layer.time_steps = len(currents)
    spikes: torch.Tensor = layer(currents.flatten(0, 1))
    return torch.unflatten(spikes, 0, (len(currents), -1))


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    steps=st.integers(1, 6),
    batch=st.integers(1, 3),
    decay=st.floats(0.01, 0.99),
    threshold=st.floats(0.1, 3.0),
    width=st.floats(0.2, 4.0),
)
def test_spikes_and_gradients_equal_the_plain_loop(
    seed: int, steps: int, batch: int, decay: float, threshold: float, width: float
) -> None:
    """Every spike, and the gradient by every current and by the decay, at float64 accuracy."""
    rng = np.random.default_rng(seed)
    values = rng.normal(threshold / 2, threshold, (steps, batch, 2, 3))
    upstream = rng.normal(size=values.shape)
    layer = LIF(decay, learn_decay=True, threshold=threshold).double()
    layer.surrogate = Shaped("rectangular", width).double()
    currents = torch.tensor(values, requires_grad=True)

    spikes = over_time(layer, currents)
    (spikes * torch.tensor(upstream)).sum().backward()

    factor = float(layer.decay.detach())
    theta = float(layer.threshold_rule(currents, 0))
    k = float(layer.surrogate.width)
    run = lif_oracle.forward(values, factor, lambda _u, _t: theta, lambda _u, _t: k)
    by_current, by_decay = lif_oracle.backward(run, factor, upstream)
    assert np.array_equal(spikes.detach().numpy(), run.spikes)
    assert currents.grad is not None
    assert currents.grad.numpy() == pytest.approx(by_current, rel=1e-12, abs=1e-12)
    assert layer.decay_logit.grad is not None
    by_logit = by_decay * factor * (1 - factor)
    assert float(layer.decay_logit.grad) == pytest.approx(by_logit, rel=1e-9, abs=1e-12)


def test_three_steps_by_hand() -> None:
    """Only the last spike counts, so each earlier gradient has come through a reset.

    u = 0.8, 1.1 (fires), 0.9. du3/du2 = 0.5 * (1 - s2 - u2 * ds2/du2) = 0.5 * (-1.1) = -0.55;
    du2/du1 = 0.5 * (1 - 0.8) = 0.1; dL/ddecay = -0.55 * 0.8, times sigmoid' = 0.25.
    """
    layer = LIF(0.5, learn_decay=True).double()
    currents = torch.tensor([[0.8], [0.7], [0.9]], dtype=torch.float64, requires_grad=True)
    spikes = over_time(layer, currents.unsqueeze(1))
    assert spikes.flatten().tolist() == [0.0, 1.0, 0.0]
    spikes[-1].sum().backward()
    assert currents.grad is not None
    assert currents.grad.flatten().tolist() == pytest.approx([-0.055, -0.55, 1.0])
    assert layer.decay_logit.grad is not None
    assert float(layer.decay_logit.grad) == pytest.approx(-0.11)


def test_a_tie_does_not_fire() -> None:
    """u == threshold stays silent and keeps its membrane; it then leaks like any other."""
    layer = LIF(0.5)
    spikes = over_time(layer, torch.tensor([[[1.0]], [[0.5]], [[0.51]], [[0.0]]]))
    # u = 1.0 (tie), 0.5 + 0.5 = 1.0 (tie), 0.5 + 0.51 > 1 (fires), 0.
    assert spikes.flatten().tolist() == [0.0, 0.0, 1.0, 0.0]


def test_time_is_the_outer_axis_of_the_batch() -> None:
    """Row t*B + b belongs to sample b at step t: samples never mix."""
    layer = LIF(0.9)
    layer.time_steps = 3
    currents = torch.tensor([0.6, 0.0, 0.6, 0.0, 0.6, 0.0]).unsqueeze(1)  # sample 0 driven, 1 not
    assert layer(currents).flatten().tolist() == [0.0, 0.0, 1.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize("decay", [0.05, 0.2, 0.9])
def test_the_decay_starts_where_it_was_put(decay: float) -> None:
    """sigmoid(w0) is the decay asked for, to float32 rounding."""
    assert float(LIF(decay).decay.detach()) == pytest.approx(decay, rel=1e-6)


def test_the_decay_is_learnt_only_when_asked_for() -> None:
    """A plain LIF's decay takes no gradient; a PLIF's does. Both are in the checkpoint."""
    for learn in (False, True):
        layer = LIF(0.3, learn_decay=learn)
        trainable = [name for name, weight in layer.named_parameters() if weight.requires_grad]
        assert trainable == (["decay_logit"] if learn else [])
        assert "decay_logit" in layer.state_dict()


@pytest.mark.parametrize("decay", [0.0, 1.0, -0.1, 1.5, float("nan")])
def test_a_decay_outside_0_to_1_is_refused(decay: float) -> None:
    """The message holds the value and a remedy."""
    with pytest.raises(
        ConfigError, match=rf"LIF: decay \({decay}\) must lie between 0 and 1\. Try"
    ):
        LIF(decay)


@pytest.mark.parametrize("threshold", [0.0, -1.0, float("inf"), float("nan")])
def test_a_threshold_that_is_not_positive_and_finite_is_refused(threshold: float) -> None:
    """It couldn't be rescaled to 1 (or would never fire)."""
    with pytest.raises(ConfigError, match=r"LIF: threshold \(.*\) must be positive and finite\."):
        LIF(threshold=threshold)


def test_a_layer_outside_a_network_says_what_to_do() -> None:
    """Without T the rows can't be told apart."""
    with pytest.raises(ConfigError, match=r"time steps is unknown.*SpikingNetwork"):
        LIF()(torch.zeros(4, 3))
