"""The rate at which two energies are equal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwsim.alternatives.split import SplitEnergy

JOULES = st.floats(1e-12, 1e-3)


def test_on_paper() -> None:
    """2 J fixed, 3 J at 0.5 spikes per synapse, an ANN of 8 J: 6 J pay for 1 spike per synapse."""
    assert SplitEnergy(2, 3, 9).break_even(8, 0.5) == pytest.approx(1.0)


def test_a_silent_network_is_scaled_from_one_event_per_neuron() -> None:
    """2 J fixed, 9 J at one spike per synapse."""
    assert SplitEnergy(2, 0, 9).break_even(8, 0) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("energy", "ann"), [(SplitEnergy(8.1, 3, 9), 8.0), (SplitEnergy(2, 0, 0), 8.0)]
)
def test_none_where_no_rate_breaks_even(energy: SplitEnergy, ann: float) -> None:
    """The fixed part alone costs more, or spikes cost nothing."""
    assert energy.break_even(ann, 0.5) is None


def test_zero_where_the_fixed_part_costs_as_much() -> None:
    """Only a silent network keeps up."""
    assert SplitEnergy(8, 3, 9).break_even(8, 0.5) == 0


@given(JOULES, JOULES, st.floats(0, 10), st.floats(1e-3, 10))
def test_at_the_break_even_both_cost_the_same(
    fixed: float, moving: float, margin: float, rate: float
) -> None:
    """Scaled to the rate found, the SNN's energy is the ANN's."""
    ann = fixed * (1 + margin)
    found = SplitEnergy(fixed, moving, 1.0).break_even(ann, rate)
    assert found is not None
    assert fixed + moving * found / rate == pytest.approx(ann)
