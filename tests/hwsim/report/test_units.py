"""Numbers as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwsim.report.units import PREFIXES, count, percent, si


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (4.47e-7, "447 nJ"), (23.6e-12, "23.6 pJ"), (1.0e-6, "1.00 µJ"), (9.996e-7, "1.00 µJ"),
        (9.994e-7, "999 nJ"), (0.0, "0 J"), (1.0, "1.00 J"), (0.05, "50.0 mJ"), (1234.0, "1.23 kJ"),
        (1e-3, "1.00 mJ"), (99.96e-12, "100 pJ"), (-4.47e-7, "-447 nJ"), (2e-17, "0.0200 fJ"),
    ],
)  # fmt: skip
def test_quantities_get_the_prefix_that_suits(value: float, text: str) -> None:
    """Three figures, one to 999 before the prefix, also where rounding climbs to the next."""
    assert si(value, "J") == text


@given(st.floats(1e-14, 1e11))
def test_quantity_reads_back_within_its_three_figures(value: float) -> None:
    """No prefix is ever off by a thousand."""
    number, unit = si(value, "J").split(" ")
    exponent = {prefix: power for power, prefix in PREFIXES.items()}[unit.removesuffix("J")]
    assert float(number) * 10.0**exponent == pytest.approx(value, rel=0.006)


@pytest.mark.parametrize(
    ("value", "text"),
    [(7.0, "7"), (12.345, "12.3"), (1234.5, "1,234"), (99.97, "100"), (0.05, "0.0500"), (0, "0")],
)
def test_counts_have_thousands_apart(value: float, text: str) -> None:
    """Whole numbers whole, small means with three figures."""
    assert count(value) == text


def test_trace_of_a_share_is_not_shown_as_none() -> None:
    """0.03 % with one decimal would read as 0.0 %."""
    assert [percent(share) for share in (0.164, 0.0003, 0.0, 1.0)] == [
        "16.4 %", "< 0.1 %", "0.0 %", "100.0 %",
    ]  # fmt: skip
