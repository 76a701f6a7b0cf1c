"""The front and the choice, against their definitions by brute force."""

from hypothesis import given
from hypothesis import strategies as st

from hwsim.sweep.front import best_row, pareto_front
from hwsim.sweep.row import Row, refused
from hwsim.sweep.space import Point
from tests.sweep_rows import row

SHARES = st.integers(0, 6).map(lambda sixths: sixths / 6)
ENERGIES = st.none() | st.integers(1, 6).map(lambda each: each * 1e-6)


def point(bits: int) -> Point:
    """One of so many bits."""
    return Point(bits, "mean", "max-abs", False)


@st.composite
def rows(draw: st.DrawFn) -> list[Row]:
    """Few values, so that many are equal; some without energy, some refused."""
    drawn = draw(st.lists(st.tuples(st.integers(2, 8), SHARES, ENERGIES, SHARES), max_size=8))
    return [
        refused(point(bits), "no") if tested == 0 else row(point(bits), accuracy, energy, tested)
        for bits, accuracy, energy, tested in drawn
    ]


def beats(left: tuple[float, float], right: tuple[float, float]) -> bool:
    """At least as accurate and as cheap, and better in one."""
    return left != right and left[0] >= right[0] and left[1] <= right[1]


@given(rows())
def test_the_front_is_what_no_row_beats(drawn: list[Row]) -> None:
    """Each against each; by rising energy, equal ones together."""
    known = [(index, each.objectives) for index, each in enumerate(drawn)]
    costed = [(index, own) for index, own in known if own is not None]
    expected = {index for index, own in costed if not any(beats(other, own) for _, other in costed)}
    front = pareto_front(drawn)
    assert set(front) == expected
    assert len(front) == len(expected)
    energies = [own[1] for index in front if (own := drawn[index].objectives)]
    assert energies == sorted(energies)


@given(rows(), st.sampled_from([0.0, 1 / 6, 0.4]))
def test_the_choice_is_the_cheapest_within_the_tolerance(
    drawn: list[Row], tolerance: float
) -> None:
    """Of equally cheap ones the more accurate, then fewer bits; exactly the tolerance is within."""
    best = best_row(drawn, tolerance)
    costed = [(each, own) for each in drawn if (own := each.objectives) is not None]
    if not costed:
        assert best is None
        return
    sixths = round(6 * max(own[0] for _, own in costed))
    least = sixths - {0.0: 0, 1 / 6: 1, 0.4: 2}[tolerance]
    within = [(each, own) for each, own in costed if round(6 * own[0]) >= least]
    assert best is not None
    chosen = drawn[best]
    assert chosen.objectives in [own for _, own in within]
    cost = (chosen.objectives or (0, 0))[1]
    assert cost == min(own[1] for _, own in within)
    equal = [(each, own) for each, own in within if own[1] == cost]
    assert (chosen.objectives or (0, 0))[0] == max(own[0] for _, own in equal)
    bits = [each.weight_bits for each, own in equal if own == chosen.objectives]
    assert chosen.weight_bits == min(bits)


@given(rows(), st.lists(SHARES, min_size=8, max_size=8))
def test_the_test_split_decides_nothing(drawn: list[Row], others: list[float]) -> None:
    """With any other figures of it, front and choice are the same."""
    changed = [
        each
        if each.measured is None
        else each.model_copy(
            update={
                "measured": each.measured.model_copy(
                    update={
                        "test": each.measured.test.model_copy(
                            update={"accuracy": share, "energy_j": share}
                        )
                    }
                )
            }
        )
        for each, share in zip(drawn, others, strict=False)
    ]
    assert pareto_front(changed) == pareto_front(drawn)
    assert best_row(changed) == best_row(drawn)
