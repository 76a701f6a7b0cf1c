"""The cost model against measured boards: what held when it was first compared still holds."""

from functools import cache

import pytest

from benchmarks.silicon import rows
from benchmarks.silicon_rows import Row, cases


@cache
def found() -> tuple[Row, ...]:
    """Every figure of the benchmark."""
    return tuple(rows(cases()))


def of(case: str, kind: str, constants: str = "") -> list[Row]:
    """Figures of a case."""
    return [
        row for row in found()
        if row.case == case and row.kind == kind and row.constants.startswith(constants)
    ]  # fmt: skip


def test_pilotnet_counts_equal_the_reference() -> None:
    """Synops per layer to the half, the busy cores to the plot's reading, the map of 74 cores."""
    counts = {row.quantity: row for row in of("pilotnet", "counts")}
    for layer in ("conv2", "conv3", "conv4", "conv5"):
        assert round(counts[f"{layer}: synops per step"].ratio, 5) == 1
        assert counts[f"{layer}, first core: synops per step"].ratio == pytest.approx(1, abs=0.03)
    assert counts["cores of the measured map"].predicted == 74


def test_energies_lie_within_their_bounds() -> None:
    """Published and fitted constants alike: PilotNet within 15 %, MNIST within 35 %."""
    energies = of("pilotnet", "energy") + of("quartz_mnist", "energy")
    assert len(energies) == 2 + 8
    assert {row.constants for row in energies} == {
        "loihi1", "loihi1-fitted", "loihi2", "loihi2-fitted",
    }  # fmt: skip
    assert all(row.holds for row in energies)


def test_one_step_of_the_pattern_leaves_its_bound() -> None:
    """With fitted constants the second step comes out 31 % too long; all others hold."""
    times = of("pilotnet", "time")
    broken = [(row.constants, row.quantity, round(row.ratio, 2)) for row in times if not row.holds]
    assert broken == [("loihi2-fitted", "step 2 of 4", 1.31)]
    assert len(times) == 2 * (4 + 1)


def test_every_case_is_there_with_a_reason() -> None:
    """None is left out for being bad, and what can't be compared is named."""
    measured = cases()
    named = set(measured) - {"rules", "sources", "not_comparable"}
    assert {row.case for row in found()} == named
    assert all(row.reason for row in found())
    assert all(measured[case]["source"] in measured["sources"] for case in named)
