"""One neuron step against big integers, at and beyond every limit."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from export.chip.graph import IntArray, Population
from export.chip.limits import STATE_LIMIT
from hwsim.engine import compiled_neuron, tensor_neuron
from hwsim.engine.neuron import Arrivals, NeuronState, Walk, neuron_parameters, resting
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


WALKS: list[Walk] = [compiled_neuron.advance, tensor_neuron.advance]


@pytest.mark.parametrize("walk", WALKS, ids=["compiled", "tensor"])
@settings(deadline=None)
@given(st.lists(NEURON, min_size=1, max_size=20), st.booleans())
def test_one_step_equals_big_integers(
    walk: Walk, rows: list[tuple[int, ...]], narrow: bool
) -> None:
    """Any state, input and parameters: u, v, spikes and every count."""
    decay_u, decay_v, threshold, u, v, a, bias = (column(rows, k) for k in range(7))
    population = Population("p", (len(rows),), decay_u, decay_v, threshold, bias)
    parameters = neuron_parameters(population, "cpu")
    state = NeuronState(*(torch.from_numpy(x[None]).to(torch.int32) for x in (u, v)))
    arrivals = Arrivals(torch.from_numpy(a[None, None]).to(torch.int32), 0, narrow)
    done = walk(parameters, state, arrivals, parameters.bias.view(1, 1, -1), 1, keep=True)
    sums = [(int(x) + 2**23) % 2**24 - 2**23 if narrow else int(x) for x in a]
    neurons = [Neuron(*row[:5]) for row in rows]
    expected = [n.step(x, int(b)) for n, x, b in zip(neurons, sums, bias, strict=True)]
    assert state.u.tolist() == [[n.u for n in neurons]] == done.u[0].tolist()
    assert state.v.tolist() == [[n.v for n in neurons]] == done.v[0].tolist()
    fired, wrapped, saturated, active = (sum(flags) for flags in zip(*expected, strict=True))
    assert done.spikes.tolist() == [[[flags[0] for flags in expected]]]
    assert done.fired.tolist() == [[fired]]
    assert done.wraps.tolist() == [[wrapped]]
    assert done.saturations.tolist() == [[saturated]]
    assert done.active.tolist() == [[active]]


@pytest.mark.parametrize("walk", WALKS, ids=["compiled", "tensor"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.int32])
def test_many_steps_samples_and_neurons_equal_big_integers(walk: Walk, dtype: torch.dtype) -> None:
    """Sums that begin late, biases per step and sample, more neurons than one block holds."""
    steps, samples, neurons, first = 5, 3, 1500, 2
    rng = np.random.default_rng(3)
    fields = [rng.integers(0, high, neurons) for high in (4097, 4097, 3000, 1)]
    parameters = neuron_parameters(Population("p", (neurons,), *fields), "cpu")
    sums = rng.integers(-4000, 5000, (steps - first, samples, neurons))
    bias = rng.integers(-300, 300, (steps, samples, neurons))
    state = resting(samples, neurons, "cpu")
    given_bias = torch.from_numpy((bias << 6).astype(np.int32))
    arrivals = Arrivals(torch.from_numpy(sums).to(dtype), first)
    done = walk(parameters, state, arrivals, given_bias, steps, keep=True)
    decay_u, decay_v, threshold, _ = (field.tolist() for field in fields)
    for n in range(samples):
        for i in range(0, neurons, 97):
            neuron = Neuron(decay_u[i], decay_v[i], threshold[i])
            for t in range(steps):
                a = int(sums[t - first, n, i]) if t >= first else 0
                fired, *_ = neuron.step(a, int(bias[t, n, i]))
                seen = (done.u[t, n, i], done.v[t, n, i], done.spikes[t, n, i])
                assert [int(x) for x in seen] == [neuron.u, neuron.v, fired]


@pytest.mark.parametrize("walk", WALKS, ids=["compiled", "tensor"])
def test_both_ways_count_the_same(walk: Walk) -> None:
    """Counts per step and sample add up to what the kept states show."""
    rng = np.random.default_rng(4)
    zero = np.array(0)
    parameters = neuron_parameters(Population("p", (40,), zero, zero, np.array(90000), zero), "cpu")
    sums = torch.from_numpy(rng.integers(-90000, 90000, (6, 2, 40))).to(torch.int32)
    bias = parameters.bias.view(1, 1, -1)
    done = walk(parameters, resting(2, 40, "cpu"), Arrivals(sums), bias, 6, keep=True)
    assert torch.equal(done.fired, done.spikes.sum(dim=2))
    assert done.wraps.sum() > 0
    assert done.saturations.sum() > 0
    other = WALKS[1 - WALKS.index(walk)]
    twin = other(parameters, resting(2, 40, "cpu"), Arrivals(sums), bias, 6, keep=False)
    for key in ("spikes", "fired", "active", "wraps", "saturations"):
        assert torch.equal(getattr(done, key), getattr(twin, key))
    assert len(twin.u) == 0


@pytest.mark.parametrize("walk", WALKS, ids=["compiled", "tensor"])
@pytest.mark.parametrize("shared", [True, False], ids=["one bias", "bias per sample"])
def test_counts_by_neuron_add_up_over_samples(walk: Walk, shared: bool) -> None:
    """Fired and active, from the states before and after; nothing where they aren't asked for."""
    rng = np.random.default_rng(5)
    fields = [rng.integers(0, high, 1500) for high in (4097, 4097, 60, 1)]
    parameters = neuron_parameters(Population("p", (1500,), *fields), "cpu")
    sums = torch.from_numpy(rng.integers(-1, 2, (3, 4, 1500)) * 40).to(torch.int32)
    drawn = rng.integers(0, 2, (1, 1 if shared else 4, 1500)) * (rng.random(1500) < 0.2)
    bias = torch.from_numpy((drawn << 6).astype(np.int32))
    arrivals = Arrivals(sums, first=1)
    done = walk(
        parameters, resting(4, 1500, "cpu"), arrivals, bias, 4, keep=True, count_neurons=True
    )
    before = torch.cat((torch.zeros_like(done.u[:1]), (done.u | done.v)[:-1]))
    active = (before | done.u | bias) != 0
    assert torch.equal(done.neuron_fired, done.spikes.sum(dim=1))
    assert torch.equal(done.neuron_active, active.sum(dim=1))
    assert torch.equal(done.active, active.sum(dim=2))
    assert 0 < done.neuron_fired.sum() < done.neuron_active.sum() < active.numel()
    bare = walk(parameters, resting(4, 1500, "cpu"), arrivals, bias, 4, keep=False)
    assert bare.neuron_fired.shape == bare.neuron_active.shape == (0, 1500)


@pytest.mark.parametrize("walk", WALKS, ids=["compiled", "tensor"])
def test_a_sum_that_is_no_integer_is_refused(walk: Walk) -> None:
    """A library that rounds would show here, whatever it was asked to compute."""
    zero = np.array(0)
    parameters = neuron_parameters(Population("p", (2,), zero, zero, zero, zero), "cpu")
    arrivals = Arrivals(torch.tensor([[[3.0, 2.5]]]))
    bias = parameters.bias.view(1, 1, -1)
    with pytest.raises(SimulationError, match="aren't integers"):
        walk(parameters, resting(1, 2, "cpu"), arrivals, bias, 1, keep=False)


@pytest.mark.parametrize("walk", WALKS, ids=["compiled", "tensor"])
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
def test_the_current_wraps_by_one_correction(walk: Walk, sum_: int, current: int) -> None:
    """+2^23 stays, -2^23 turns positive, far sums stay out of range, 2^31 overflows as in C."""
    zero = np.array(0)
    parameters = neuron_parameters(Population("p", (1,), zero, zero, zero, zero), "cpu")
    arrivals = Arrivals(torch.tensor([[[sum_]]], dtype=torch.int32))
    state = resting(1, 1, "cpu")
    walk(parameters, state, arrivals, parameters.bias.view(1, 1, -1), 1, keep=False)
    assert state.u.item() == current


@pytest.mark.parametrize("walk", WALKS, ids=["compiled", "tensor"])
def test_a_neuron_without_synapses_charges_from_its_bias(walk: Walk) -> None:
    """No input array is needed where no projection leads."""
    fields = (np.array(4096), np.array(0), np.array(10), np.array(4))
    parameters = neuron_parameters(Population("p", (2,), *fields), "cpu")
    state = resting(3, 2, "cpu")
    done = walk(parameters, state, None, parameters.bias.view(1, 1, -1), 6, keep=False)
    fired = done.spikes.bool().all(dim=2).all(dim=1).tolist()
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
