"""Scales: whatever the floats, the integers fit the chip and survive Lava's own rounding."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from export.chip.dense_rule import effective_matrices
from export.errors import LimitExceeded
from export.quantizing.input_room import InputRoom
from export.quantizing.quantized_weights import (
    QuantizedWeights,
    quantized,
    rounded_identity,
    worst_voltage,
)
from export.quantizing.room import HiddenRoom, ReadoutRoom
from export.quantizing.scale_searches import SCALE_SEARCHES
from export.quantizing.scale_searches.max_abs import max_abs

FloatArray = NDArray[np.float64]
Weights = FloatArray | tuple[FloatArray, ...]
STATE_MAX = (1 << 17) - 1

EVERY_BITS = tuple(range(2, 9))
SEARCHES = [name for name, search in SCALE_SEARCHES.items() if not search.runs_layers]

seeds = st.integers(0, 2**32 - 1)
signs = st.sampled_from(["mixed", "negative", "positive", "barely mixed"])
magnitudes = st.floats(1e-6, 1e6)


def hidden_room(
    name: str,
    weights: Weights,
    bias: FloatArray,
    threshold: float,
    membrane: float,
    identity: float | None = None,
    bits: int = 8,
) -> HiddenRoom:
    """Room of a population with these weights, all identities of one size."""
    return HiddenRoom(
        name,
        weights if isinstance(weights, tuple) else (weights,),
        bias,
        bits,
        threshold=threshold,
        largest_membrane=membrane,
        fixed=None if identity is None else (identity, identity),
    )


def readout_room(
    name: str, weights: Weights, bias: FloatArray, steps: int, bits: int = 8
) -> ReadoutRoom:
    """Room of a readout with these weights."""
    matrices = weights if isinstance(weights, tuple) else (weights,)
    return ReadoutRoom(name, matrices, bias, bits, time_steps=steps)


def hidden_scale(
    name: str,
    weights: Weights,
    bias: FloatArray,
    threshold: float,
    membrane: float,
    identity: float | None = None,
) -> float:
    """What 8 bits without clipping allow."""
    return max_abs(hidden_room(name, weights, bias, threshold, membrane, identity))


def readout_scale(name: str, weights: Weights, bias: FloatArray, steps: int) -> float:
    """What 8 bits without clipping allow."""
    return max_abs(readout_room(name, weights, bias, steps))


def input_scale(name: str, current: float, decay: float, steps: int, threshold: float) -> float:
    """What the host's currents allow."""
    return InputRoom(name, current, decay, steps, threshold).largest()


def matrix(seed: int, sign: str, largest: float, shape: tuple[int, int] = (4, 6)) -> FloatArray:
    """Random weights of these signs whose largest magnitude is `largest`."""
    weight = np.random.default_rng(seed).normal(size=shape)
    if sign != "mixed":
        weight = -np.abs(weight)
    if sign == "positive":
        weight = -weight
    weight *= largest / np.abs(weight).max()
    if sign == "barely mixed":
        weight.flat[np.abs(weight).argmin()] = largest * 1e-5
    return weight


def check_fits(integers: QuantizedWeights, bits: int = 8) -> None:
    """Multiples in range that Lava multiplies with unchanged, biases in range."""
    weight, step = integers.weight, integers.grid.step
    assert weight.dtype == integers.bias.dtype == np.int64
    assert step >= 2
    assert not (weight % step).any()
    assert -(2 ** (bits - 1)) * step <= weight.min()
    assert weight.max() <= (2 ** (bits - 1) - 1) * step
    assert weight.min() >= -256
    assert weight.max() <= 254
    assert np.abs(integers.bias).max() <= 4095
    np.testing.assert_array_equal(effective_matrices((weight,), "w")[0], weight)


def check_near(integers: QuantizedWeights, weight: FloatArray, bias: FloatArray) -> None:
    """Rounding moves a weight by at most 1 and a bias by at most one half."""
    assert np.abs(integers.weight - weight * integers.scale).max() <= 1 + 1e-6
    assert np.abs(integers.bias - bias * integers.scale).max() <= 0.5 + 1e-6


@settings(max_examples=200, deadline=None)
@given(
    seed=seeds,
    sign=signs,
    largest=magnitudes,
    bias=st.floats(0, 60),
    threshold=st.floats(0.1, 10),
    membrane=st.floats(0, 10),
)
def test_hidden_integers_fit(
    seed: int, sign: str, largest: float, bias: float, threshold: float, membrane: float
) -> None:
    """Weights, biases, threshold and membrane fit for every sign, size and proportion."""
    weight = matrix(seed, sign, largest)
    biases = np.random.default_rng(seed + 1).uniform(-bias, bias, size=4) * largest
    threshold *= largest
    membrane *= threshold
    scale = hidden_scale("l", weight, biases, threshold, membrane)
    integers = quantized(weight, biases, scale)
    check_fits(integers)
    check_near(integers, weight, biases)
    mantissa = round(threshold * scale)
    assert 1 <= mantissa <= STATE_MAX
    assert math.isclose(mantissa / scale, threshold, rel_tol=2**-51)
    assert 2 * membrane * scale <= STATE_MAX * (1 + 1e-9)


@settings(max_examples=200, deadline=None)
@given(
    seed=seeds,
    sign=signs,
    largest=magnitudes,
    bias=st.floats(0, 20),
    steps=st.sampled_from([1, 4, 32, 100]),
)
def test_a_readout_never_saturates(
    seed: int, sign: str, largest: float, bias: float, steps: int
) -> None:
    """The worst spike pattern for a class, at every step, reaches the bound but not the limit."""
    weight = matrix(seed, sign, largest, (3, 40))
    biases = np.random.default_rng(seed + 1).uniform(-bias, bias, size=3) * largest
    integers = quantized(weight, biases, readout_scale("l", weight, biases, steps))
    check_fits(integers)
    check_near(integers, weight, biases)
    reached = 0
    for row, own in zip(integers.weight, integers.bias, strict=True):
        for direction in (1, -1):
            spikes = (direction * row > 0).astype(np.int64)
            voltage, worst = 0, 0
            for _ in range(steps):
                voltage += int(row @ spikes) + int(own)
                worst = max(worst, abs(voltage))
            reached = max(reached, worst)
    assert reached <= worst_voltage(integers, steps) <= STATE_MAX
    if bias == 0:
        assert reached == worst_voltage(integers, steps)


@settings(max_examples=100, deadline=None)
@given(
    seed=seeds,
    sizes=st.lists(magnitudes, min_size=2, max_size=4),
    threshold=st.floats(0.01, 100),
    membrane=st.floats(0, 10),
)
def test_projections_share_the_largest_scale_at_which_all_fit(
    seed: int, sizes: list[float], threshold: float, membrane: float
) -> None:
    """Nothing is clipped, and no projection alone would have had a smaller one."""
    weights = tuple(matrix(seed + k, "mixed", size) for k, size in enumerate(sizes))
    none = np.zeros(4)
    threshold *= max(sizes)
    try:
        scale = hidden_scale("l", weights, none, threshold, membrane)
    except LimitExceeded:
        assume(False)
    for weight in weights:
        integers = quantized(weight, none, scale)
        check_fits(integers)
        check_near(integers, weight, none)
    alone = [hidden_scale("l", weight, none, threshold, membrane) for weight in weights]
    assert scale == pytest.approx(min(alone), rel=1e-9)


@settings(max_examples=200, deadline=None)
@given(threshold=st.floats(0.2, 8), largest=st.floats(0.3, 3))
def test_an_identitys_weight_comes_out_even(threshold: float, largest: float) -> None:
    """A scale up to 5 % smaller brings it nearer; with threshold 1 it is exact."""
    weights = (np.array([[largest, -largest]]), np.ones((1, 1)))
    none = np.zeros(1)
    plain = hidden_scale("l", weights, none, threshold, 0.0)
    scale = hidden_scale("l", weights, none, threshold, 0.0, identity=1.0)
    assert 0.949 * plain - 1 / threshold < scale <= plain
    assert math.isclose(round(threshold * scale) / scale, threshold, rel_tol=2**-51)
    error = rounded_identity(1.0, scale)
    assert error <= rounded_identity(1.0, plain)
    rounded = int(quantized(weights[1], none, scale).weight[0, 0])
    assert error == pytest.approx(abs(rounded / scale - 1))
    exact = hidden_scale("l", weights, none, 1.0, 0.0, identity=1.0)
    assert rounded_identity(1.0, exact) == 0
    assert exact >= hidden_scale("l", weights, none, 1.0, 0.0) - 1


@settings(max_examples=150, deadline=None)
@given(
    seed=seeds,
    sign=signs,
    bits=st.sampled_from(EVERY_BITS),
    search=st.sampled_from(SEARCHES),
    threshold=st.floats(0.5, 20),
    membrane=st.floats(0, 10),
)
def test_hidden_integers_fit_at_every_bits_and_search(
    seed: int, sign: str, bits: int, search: str, threshold: float, membrane: float
) -> None:
    """Grid, threshold, state and what Lava keeps, whichever scale a search takes."""
    assume(bits > 2 or sign in ("mixed", "positive"))
    weight = matrix(seed, sign, 0.7, (6, 12))
    room = hidden_room("l", weight, np.zeros(6), threshold, membrane * threshold, bits=bits)
    scale = SCALE_SEARCHES[search].choose(room)
    (integers,) = room.integers(scale)
    check_fits(integers, bits)
    assert math.isclose(round(threshold * scale) / scale, threshold, rel_tol=2**-51)
    assert 2 * membrane * threshold * scale <= STATE_MAX * (1 + 1e-9)
    room.check(scale)


@settings(max_examples=100, deadline=None)
@given(
    seed=seeds,
    sign=signs,
    bits=st.sampled_from(EVERY_BITS),
    search=st.sampled_from(SEARCHES),
    inputs=st.sampled_from([5, 40, 600]),
    steps=st.sampled_from([1, 4, 32]),
)
def test_a_readout_never_saturates_at_any_bits_and_search(
    seed: int, sign: str, bits: int, search: str, inputs: int, steps: int
) -> None:
    """All inputs that drive a class one way, at every step, stay within the state."""
    assume(bits > 2 or sign in ("mixed", "positive"))
    weight = matrix(seed, sign, 1.0, (3, inputs))
    bias = np.random.default_rng(seed + 1).uniform(-0.5, 0.5, size=3)
    room = readout_room("l", weight, bias, steps, bits)
    (integers,) = room.integers(SCALE_SEARCHES[search].choose(room))
    check_fits(integers, bits)
    for row, own in zip(integers.weight, integers.bias, strict=True):
        for direction in (1, -1):
            driven = int(row[direction * row > 0].sum()) + int(own)
            assert abs(steps * driven) <= STATE_MAX


@settings(max_examples=100, deadline=None)
@given(threshold=st.floats(0.2, 8), largest=st.floats(0.3, 3), bits=st.sampled_from(EVERY_BITS))
def test_an_identity_stays_representable_at_low_bits(
    threshold: float, largest: float, bits: int
) -> None:
    """It comes out on its grid within half a step of it, and clips in no search."""
    weights = (np.array([[largest, -largest]]), np.ones((1, 1)))
    for name in SEARCHES:
        room = hidden_room("l", weights, np.zeros(1), threshold, 0.0, 1.0, bits)
        scale = SCALE_SEARCHES[name].choose(room)
        identity = room.integers(scale)[1]
        assert identity.clipped == 0
        error = rounded_identity(1.0, scale, bits)
        assert error == pytest.approx(abs(int(identity.weight[0, 0]) / scale - 1))
        spacing = 1 / threshold / scale
        assert error <= 2.0 ** (2 - bits) * spacing + 0.5 * spacing + 1e-9 or error < 0.02


@pytest.mark.parametrize("search", SEARCHES)
def test_two_bits_without_a_positive_weight_are_refused(search: str) -> None:
    """-128 and -256 are powers of two, each corrupted by Lava; 3 bits have -192."""
    weight = np.array([[-1.0, -0.4]])
    choose = SCALE_SEARCHES[search].choose
    with pytest.raises(LimitExceeded, match=r"'l': at .* and 2 bits all its weights round to 0"):
        choose(hidden_room("l", weight, np.zeros(1), 1.0, 0.0, bits=2))
    room = hidden_room("l", weight, np.zeros(1), 1.0, 0.0, bits=3)
    assert room.integers(choose(room))[0].weight.min() == -192


def test_a_given_scale_is_held_against_every_range() -> None:
    """Threshold, bias, membrane, a matrix that Lava corrupts, and the readout's voltage."""
    weight, none = np.array([[1.0, -1.0]]), np.zeros(1)
    room = hidden_room("l", weight, np.array([2.0]), 1.0, 100.0)
    room.check(1000.0)
    cases = [
        (room, 2100.0, r"'l': at the given scale 2100 its largest \|bias\| would be 4,200"),
        (room, 0.2, "'l': its threshold would round to 0"),
        (hidden_room("l", weight, none, 200.0, 0.0), 1000.0, "its threshold would be 200,000"),
        (hidden_room("l", weight, none, 1.0, 2e3), 100.0, "largest membrane would be 200,000"),
        (hidden_room("l", -np.ones((1, 2)), none, 1.0, 0.0), 128.0, "which Lava corrupts"),
        (readout_room("l", weight, none, 1000), 254.0, "last step would be 25[46],000"),
    ]
    for refused, scale, message in cases:
        with pytest.raises(LimitExceeded, match=message):
            refused.check(scale)


def test_a_readouts_bound_adds_up_all_projections() -> None:
    """Two matrices are as one beside the other, and the bias counts once."""
    first, second = matrix(1, "mixed", 1.0, (3, 400)), matrix(2, "mixed", 0.5, (3, 500))
    bias = np.array([0.5, -0.5, 0.1])
    together = np.hstack((first, second))
    scale = readout_scale("l", (first, second), bias, 16)
    assert scale == readout_scale("l", together, bias, 16)
    assert scale < readout_scale("l", first, bias, 16)
    integers = tuple(quantized(weight, bias, scale) for weight in (first, second))
    worst = worst_voltage(integers, 16)
    assert worst == worst_voltage(quantized(together, bias, scale), 16)
    assert STATE_MAX * 0.95 < worst <= STATE_MAX


def test_a_large_readout_is_scaled_down() -> None:
    """Many inputs over many steps leave less than 8 bits, and never more than the state holds."""
    weight = matrix(0, "mixed", 1.0, (2, 4000))
    biases = np.array([0.5, -0.5])
    few, many = (
        quantized(weight, biases, readout_scale("l", weight, biases, steps)) for steps in (1, 8)
    )
    assert np.abs(few.weight).max() > 3 * np.abs(many.weight).max()
    assert STATE_MAX * 0.95 < worst_voltage(many, 8) <= STATE_MAX


@pytest.mark.parametrize("sign", ["mixed", "negative", "positive", "barely mixed"])
def test_the_range_is_used(sign: str) -> None:
    """Where nothing else limits the scale, the largest weight gets all 8 bits."""
    weight = matrix(3, sign, 0.7)
    scale = hidden_scale("l", weight, np.zeros(4), 1.0, 1.0)
    assert np.abs(quantized(weight, np.zeros(4), scale).weight).max() >= 250


@pytest.mark.parametrize("power", [256, 128, 64, 32, 16, 8])
def test_one_signed_weights_do_not_end_at_a_power_of_two(power: int) -> None:
    """Lava corrupts a minimum of -2^k without a positive weight; the scale gives way a little."""
    weight = np.array([[-1.0, -0.5], [-0.25, 0.0]])
    bias = np.array([4095.0 / power, 0.0])
    for scale in (
        hidden_scale("l", weight, bias, 1000.0 / power, 0.0),
        readout_scale("l", weight, bias, 1),
    ):
        integers = quantized(weight, bias, scale)
        check_fits(integers)
        assert integers.weight.min() == -(power - 2)
        assert scale > 0.7 * (power - 2)


def test_a_positive_weight_that_rounds_away_does_not_hide_the_power_of_two() -> None:
    """Signs count after rounding: 1e-4 beside -1 becomes 0, and Lava sees one sign only."""
    weight = np.array([[-1.0, 1e-4]])
    integers = quantized(weight, np.zeros(1), hidden_scale("l", weight, np.zeros(1), 1.0, 0.0))
    check_fits(integers)
    assert integers.weight.tolist() == [[-254, 0]]


def test_mixed_weights_may_end_at_a_power_of_two() -> None:
    """With a positive weight -256 is exact, and the scale stays."""
    weight = np.array([[-1.0, 0.5]])
    integers = quantized(weight, np.zeros(1), hidden_scale("l", weight, np.zeros(1), 1.0, 0.0))
    assert integers.weight.tolist() == [[-256, 128]]


def test_weights_that_are_all_zero_are_refused() -> None:
    """The format can't hold such a layer; it is named."""
    zero = np.zeros((2, 3))
    with pytest.raises(LimitExceeded, match="layer 'fc': every weight is 0"):
        hidden_scale("fc", zero, np.ones(2), 1.0, 1.0)
    with pytest.raises(LimitExceeded, match="layer 'fc': every weight is 0"):
        readout_scale("fc", zero, np.ones(2), 4)


def test_weights_that_would_round_to_zero_are_refused() -> None:
    """A bias 10,000 times the weights leaves no bits for them; a silent zero layer is no answer."""
    weight, bias = np.array([[0.1, -0.1]]), np.array([1000.0])
    with pytest.raises(
        LimitExceeded, match=r"layer 'fc': at 4.* per unit and 8 bits all its weights round"
    ):
        hidden_scale("fc", weight, bias, 1.0, 0.0)
    with pytest.raises(
        LimitExceeded, match=r"layer 'fc': at 4.* per unit and 8 bits all its weights round"
    ):
        readout_scale("fc", weight, bias, 4)


def test_a_power_of_two_that_nothing_is_left_below_is_refused() -> None:
    """-4 would give way to -2, a power of two again, and that to 0."""
    with pytest.raises(LimitExceeded, match=r"all its weights round to 0 .*Lava corrupts"):
        readout_scale("fc", np.array([[-1.0, -0.5]]), np.array([4095.0 / 4]), 1)


def test_a_threshold_that_would_round_to_zero_is_refused() -> None:
    """Weights 1,000 times the threshold leave it less than one mantissa unit."""
    with pytest.raises(LimitExceeded, match="layer 'l': its threshold would round to 0"):
        hidden_scale("l", np.array([[1000.0, -1.0]]), np.zeros(1), 1.0, 1.0)
    with pytest.raises(LimitExceeded, match="layer 'l': its threshold would round to 0"):
        input_scale("l", 1e5, 0.5, 4, 1.0)


@settings(max_examples=100, deadline=None)
@given(
    current=st.floats(0.01, 500),
    decay=st.integers(0, 4096),
    steps=st.sampled_from([1, 4, 100, 1000]),
    threshold=st.floats(0.5, 5),
)
def test_input_currents_fit(current: float, decay: int, steps: int, threshold: float) -> None:
    """The largest current fits the bias, and what it charges in T steps fits the state."""
    charge = 0.0
    for _ in range(steps):
        charge = charge * decay / 4096 + current
    assume(1.1 * charge < STATE_MAX * threshold)
    scale = input_scale("l", current, decay / 4096, steps, threshold)
    assert round(current * scale) <= 4095
    assert charge * scale <= STATE_MAX
    mantissa = round(threshold * scale)
    assert 1 <= mantissa <= STATE_MAX
    assert math.isclose(mantissa / scale, threshold, rel_tol=2**-51)


def test_silent_calibration_data_still_give_a_scale() -> None:
    """Without any current only the threshold limits it."""
    assert input_scale("l", 0.0, 0.5, 4, 2.0) == STATE_MAX / 2
    weight = np.array([[1.0, -1.0]])
    assert hidden_scale("l", weight, np.zeros(1), 1.0, 0.0) == 254.0


def test_the_noise_of_rounding_is_reported() -> None:
    """Signal to noise in dB, against its definition; exact weights have none."""
    weight = matrix(5, "mixed", 1.0, (30, 40))
    result = quantized(weight, np.zeros(30), 200.0)
    error = weight - result.weight / 200.0
    assert result.sqnr_db == pytest.approx(10 * np.log10((weight**2).sum() / (error**2).sum()))
    assert quantized(np.array([[2.0, -4.0]]), np.zeros(1), 1.0).sqnr_db == math.inf
