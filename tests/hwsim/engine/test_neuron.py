"""One neuron step against big integers, at and beyond every limit."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from export.chip.graph import IntArray, Population
from export.chip.limits import STATE_LIMIT
from hwsim.engine.neuron import NeuronState, neuron_parameters, neuron_step, resting
from hwsim.errors import SimulationError
from tests.chip_oracle import Neuron, int32

NEAR_LIMITS = [
    k * edge + offset
    for edge in (0, 64, 4096, STATE_LIMIT, 2 * STATE_LIMIT, 2**30, 2**31 - 3)
    for k in (-1, 1)
    for offset in (-2, -1, 0, 1, 2)
]


def drawn(low: int, high: int) -> st.SearchStrategy[int]:
    """Any integer of a range, the chip's own limits more often."""
    edges = [value for value in NEAR_LIMITS if low <= value <= high]
    return st.one_of(st.sampled_from(edges), st.integers(low, high))


NEURON = st.tuples(
    st.integers(0, 4096),
    st.one_of(st.sampled_from([0, 1, 4095, 4096]), st.integers(0, 4096)),
    drawn(0, 2**17 - 1),
    drawn(-(2**31), 2**31 - 1),
    drawn(-STATE_LIMIT + 1, STATE_LIMIT - 1),
    drawn(-(2**31) + 1, 2**31 - 1),
    drawn(-(2**15) + 1, 2**15 - 1),
)


def column(rows: list[tuple[int, ...]], index: int) -> IntArray:
    """One field of all neurons."""
    return np.array([row[index] for row in rows], dtype=np.int64)


@given(st.lists(NEURON, min_size=1, max_size=20))
def test_one_step_equals_big_integers(rows: list[tuple[int, ...]]) -> None:
    """Any state, input and parameters: u, v, spikes and every count."""
    decay_u, decay_v, threshold, u, v, a, bias = (column(rows, k) for k in range(7))
    population = Population("p", (len(rows),), decay_u, decay_v, threshold, bias)
    parameters = neuron_parameters(population, "cpu")
    state = NeuronState(*(torch.from_numpy(x[None]).to(torch.int32) for x in (u, v)))
    arriving = torch.from_numpy(a[None]).to(torch.int32)
    after, events = neuron_step(parameters, state, arriving, parameters.bias)
    neurons = [Neuron(*row[:5]) for row in rows]
    expected = [n.step(int(x), int(b)) for n, x, b in zip(neurons, a, bias, strict=True)]
    assert after.u.tolist() == [[n.u for n in neurons]]
    assert after.v.tolist() == [[n.v for n in neurons]]
    fired, wrapped, saturated, active = (sum(flags) for flags in zip(*expected, strict=True))
    assert events.spikes.tolist() == [[flags[0] for flags in expected]]
    assert int(events.spikes.sum()) == fired
    assert events.wraps.tolist() == [wrapped]
    assert events.saturations.tolist() == [saturated]
    assert events.active.tolist() == [active]


@pytest.mark.parametrize(
    ("sum_", "current"),
    [
        (STATE_LIMIT // 64, STATE_LIMIT),
        (STATE_LIMIT // 64 + 1, -STATE_LIMIT + 64),
        (-STATE_LIMIT // 64, STATE_LIMIT),
        (-STATE_LIMIT // 64 + 1, -STATE_LIMIT + 64),
        (2**24, 2**30 - 2**24),
        (2**25, int32(2**31) + 2**24),
    ],
)
def test_the_current_wraps_by_one_correction(sum_: int, current: int) -> None:
    """+2^23 stays, -2^23 turns positive, far sums stay out of range, 2^31 overflows as in C."""
    zero = np.array(0)
    parameters = neuron_parameters(Population("p", (1,), zero, zero, zero, zero), "cpu")
    arriving = torch.tensor([[sum_]], dtype=torch.int32)
    after, _ = neuron_step(parameters, resting(1, 1, "cpu"), arriving, parameters.bias)
    assert after.u.item() == current


def test_a_neuron_without_synapses_charges_from_its_bias() -> None:
    """No input array is needed where no projection leads."""
    fields = (np.array(4096), np.array(0), np.array(10), np.array(4))
    parameters = neuron_parameters(Population("p", (2,), *fields), "cpu")
    state, fired = resting(3, 2, "cpu"), []
    for _ in range(6):
        state, events = neuron_step(parameters, state, None, parameters.bias)
        fired.append(events.spikes.all().item())
    assert fired == [False, False, True, False, False, True]
    assert state.u.any().item() is False


@pytest.mark.parametrize(
    ("field", "value", "limits"),
    [
        ("decay_u", 4097, r"0\.\.4096"),
        ("decay_v", -1, r"0\.\.4096"),
        ("threshold", 131073, r"0\.\.131072"),
        ("bias", -32768, r"-32767\.\.32767"),
    ],
)
def test_parameters_out_of_range_are_refused(field: str, value: int, limits: str) -> None:
    """What Lava would wrap or misread is named, with its value and limits."""
    zero = np.array(0)
    fields = {"decay_u": zero, "decay_v": zero, "threshold": zero, "bias": zero}
    population = Population("p", (2,), **fields | {field: np.array(value)})
    with pytest.raises(SimulationError, match=f"'p': {field} {value} lies outside {limits}"):
        neuron_parameters(population, "cpu")
