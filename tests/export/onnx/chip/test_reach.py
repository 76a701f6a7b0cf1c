"""The bound on a current holds for whatever arrives, and no wrap is missed."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from export.chip.graph import Population
from export.onnx.chip.reach import reach_of
from tests.chip_oracle import LIMIT, Neuron

SUMS = st.sampled_from([0, 1, 1000, 2**17 - 1, 2**17, 2**18, 2**18 + 1, 2**20, 2**24, 2**30])


@given(SUMS, st.sampled_from([0, 1, 7, 1000, 4095, 4096]), st.integers(0, 2**32))
def test_no_current_leaves_its_bound(largest: int, decay: int, seed: int) -> None:
    """Driven hard in one direction, in turns, or by chance."""
    population = Population("p", (1,), np.array(decay), np.array(0), np.array(131071), np.array(0))
    reach = reach_of(population, largest)
    rng = np.random.default_rng(seed)
    courses = [
        np.full(200, largest), np.full(200, -largest), largest * (-1) ** np.arange(200),
        rng.integers(-largest, largest + 1, 200), largest * rng.choice([-1, 0, 1], 200),
    ]  # fmt: skip
    for course in courses:
        neuron = Neuron(decay, 0, 131071)
        for a in course:
            _, wrapped, _, _ = neuron.step(int(a), 0)
            assert reach.wraps or not wrapped
            assert reach.largest is None or abs(neuron.u) <= reach.largest


def test_what_is_usual_stays_in_32_bits_and_never_wraps() -> None:
    """A convolution of 576 weights of up to 254 onto a current without memory."""
    plain = Population("p", (1,), np.array(4096), np.array(400), np.array(100), np.array(0))
    reach = reach_of(plain, 130_000)
    assert (reach.largest, reach.wraps) == (130_000 * 64, False)
    assert reach_of(plain, 131_072) == reach_of(plain, LIMIT // 64)
    assert reach_of(plain, 131_072).wraps
    assert reach_of(plain, 2**24).largest == 2**30 - 2**24
    for too_much in (2**25, None):
        assert reach_of(plain, too_much).largest is None
