"""The recurrent LIF layer against a plain loop in float64, forward and backward."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import nn

from trainers.errors import ConfigError
from trainers.layer_tracer import LayerTracer
from trainers.neurons.lif import LIF
from trainers.neurons.recurrent_lif import RecurrentLIF
from trainers.neurons.shaped import Shaped
from trainers.neurons.threshold import FixedThreshold

Array = NDArray[np.float64]


def over_time(layer: LIF, currents: torch.Tensor) -> torch.Tensor:
    """Spikes [T, B, N] for currents [T, B, N]."""
    layer.time_steps = len(currents)
    spikes: torch.Tensor = layer(currents.flatten(0, 1))
    return torch.unflatten(spikes, 0, (len(currents), -1))


def loop(currents: Array, matrix: Array, decay: float, gain: float) -> tuple[Array, Array]:
    """Membranes before reset and spikes of u = decay * u * (1 - s) + gain * (I + W s)."""
    before, spikes = np.empty_like(currents), np.empty_like(currents)
    membrane = fired = np.zeros_like(currents[0])
    for step, incoming in enumerate(currents):
        before[step] = decay * membrane + gain * (incoming + fired @ matrix.T)
        spikes[step] = fired = (before[step] > 1.0).astype(np.float64)
        membrane = before[step] * (1 - fired)
    return before, spikes


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    steps=st.integers(1, 6),
    batch=st.integers(1, 3),
    decay=st.floats(0.01, 0.99),
    decay_input=st.booleans(),
)
def test_spikes_and_gradients_equal_the_plain_loop(
    seed: int, steps: int, batch: int, decay: float, decay_input: bool
) -> None:
    """Every spike, and the gradient by every current and recurrent weight."""
    rng = np.random.default_rng(seed)
    values = rng.normal(1.0, 1.5, (steps, batch, 4))
    upstream = rng.normal(size=values.shape)
    layer = RecurrentLIF(4, decay).double()
    layer.surrogate = Shaped("rectangular", 1.5).double()
    layer.decay_input = decay_input
    with torch.no_grad():
        layer.recurrent.weight.copy_(torch.tensor(rng.normal(size=(4, 4))))
    currents = torch.tensor(values, requires_grad=True)

    spikes = over_time(layer, currents)
    (spikes * torch.tensor(upstream)).sum().backward()

    factor = float(layer.decay.detach())
    gain = 1 - factor if decay_input else 1.0
    matrix = layer.recurrent.weight.detach().numpy()
    before, fired = loop(values, matrix, factor, gain)
    assert np.array_equal(spikes.detach().numpy(), fired)

    by_current, by_weight = np.zeros_like(values), np.zeros_like(matrix)
    later = np.zeros_like(values[0])
    for step in reversed(range(steps)):
        slope = (np.abs(before[step] - 1.0) < 0.75) / 1.5
        by_spike = upstream[step] - factor * later * before[step] + gain * later @ matrix
        later = by_spike * slope + factor * later * (1 - fired[step])
        by_current[step] = gain * later
        if step > 0:
            by_weight += gain * later.T @ fired[step - 1]
    assert currents.grad is not None
    assert currents.grad.numpy() == pytest.approx(by_current, rel=1e-9, abs=1e-9)
    assert layer.recurrent.weight.grad is not None
    assert layer.recurrent.weight.grad.numpy() == pytest.approx(by_weight, rel=1e-9, abs=1e-9)


def test_three_steps_by_hand() -> None:
    """Neuron 0 fires at step 0 and excites neuron 1, whose spike then inhibits neuron 0."""
    layer = RecurrentLIF(2, 0.5)
    with torch.no_grad():
        layer.recurrent.weight.copy_(torch.tensor([[0.0, -3.0], [1.5, 0.0]]))
    currents = torch.tensor([[2.0, 0.0], [0.0, 0.0], [2.0, 0.0]]).unsqueeze(1)
    # u = (2, 0), then (0, 1.5), then (2 - 3, 0): neuron 1 was reset.
    assert over_time(layer, currents).squeeze(1).tolist() == [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]


@pytest.mark.parametrize("decay_input", [False, True])
def test_without_recurrent_weights_it_is_lif(decay_input: bool) -> None:
    """Zero weights give LIF's spikes and membranes, bit for bit."""
    recurrent, plain = RecurrentLIF(6, 0.4), LIF(0.4)
    nn.init.zeros_(recurrent.recurrent.weight)
    currents = torch.randn(5, 3, 6, generator=torch.Generator().manual_seed(0)) + 1
    seen: list[list[torch.Tensor]] = []
    fired = []
    for layer in (recurrent, plain):
        membranes: list[torch.Tensor] = []
        layer.decay_input = decay_input
        layer.probe = lambda _step, u, _threshold, _s, kept=membranes: kept.append(u.detach())
        fired.append(over_time(layer, currents))
        seen.append(membranes)
    assert fired[0].any()
    assert torch.equal(*fired)
    for one, other in zip(*seen, strict=True):
        assert torch.equal(one, other)


def test_threshold_rule_and_probe_see_the_total_current() -> None:
    """Both are given the membrane with recurrence; the rule's threshold decides."""
    layer = RecurrentLIF(1, 0.5)
    nn.init.constant_(layer.recurrent.weight, 5.0)
    layer.threshold_rule = FixedThreshold(4.0)
    seen: list[tuple[float, float]] = []
    layer.probe = lambda _step, u, threshold, _s: seen.append((u.item(), threshold.item()))
    assert over_time(layer, torch.tensor([[[4.5]], [[0.25]]])).flatten().tolist() == [1.0, 1.0]
    assert seen == [(4.5, 4.0), (5.25, 4.0)]


def test_samples_do_not_mix() -> None:
    """A sample's spikes return to itself, whatever its neighbours in the batch do."""
    torch.manual_seed(0)
    layer = RecurrentLIF(5, 0.3)
    currents = torch.randn(4, 6, 5) + 1
    whole = over_time(layer, currents)
    alone = torch.cat([over_time(layer, currents[:, k : k + 1]) for k in range(6)], dim=1)
    assert whole.any()
    assert torch.equal(whole, alone)


def test_weights_start_orthogonal_and_are_learnt() -> None:
    """Rows of norm 1, no bias, a parameter of the checkpoint."""
    layer = RecurrentLIF(16, learn_decay=True)
    matrix = layer.recurrent.weight
    torch.testing.assert_close(matrix @ matrix.T, torch.eye(16), rtol=0, atol=1e-5)
    learnt = [name for name, weight in layer.named_parameters() if weight.requires_grad]
    assert learnt == ["decay_logit", "recurrent.weight"]
    assert "recurrent.weight" in layer.state_dict()


def test_tracing_sees_one_layer() -> None:
    """The recurrent weights are no layer of the forward."""
    body = nn.Sequential(nn.Linear(3, 4), RecurrentLIF(4), nn.Linear(4, 2))
    calls = [n.target for n in LayerTracer().trace(body).nodes if n.op == "call_module"]
    assert calls == ["0", "1", "2"]


@pytest.mark.parametrize("shape", [(4, 3), (4, 5, 5), (4,)])
def test_currents_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    """The message holds what came and what would fit."""
    layer = RecurrentLIF(5)
    layer.time_steps = 2
    with pytest.raises(ConfigError, match=r"RecurrentLIF: currents of shape .* for 5 neurons.*Put"):
        layer(torch.zeros(shape))


def test_what_lif_refuses_is_refused() -> None:
    """Its own arguments and LIF's."""
    with pytest.raises(ConfigError, match=r"neurons \(0\) must be at least 1"):
        RecurrentLIF(0)
    with pytest.raises(ConfigError, match=r"decay \(1\.0\)"):
        RecurrentLIF(3, 1.0)
    with pytest.raises(ConfigError, match="time steps is unknown"):
        RecurrentLIF(3)(torch.zeros(2, 3))
