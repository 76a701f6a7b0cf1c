"""One number with its pedigree: ranges, strict types, sources."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hwsim.chips.constant import Constant, Cost, Flag, Limit, Source

PEDIGREE = {"source": "paper", "grade": "measured"}


def test_a_range_is_read_by_its_ends() -> None:
    """Low, nominal and high are three numbers; nominal is the value."""
    constant = Cost.model_validate({"value": 2.0, "low": 1.0, "high": 5.0, **PEDIGREE})
    assert [constant.bound(end) for end in ("low", "nominal", "high")] == [1.0, 2.0, 5.0]
    assert constant.has_range


def test_a_number_without_a_range_is_its_own_end() -> None:
    """No range and a range of no width both leave the value as it stands."""
    alone = Cost.model_validate({"value": 2.0, **PEDIGREE})
    closed = Cost.model_validate({"value": 2.0, "low": 2.0, "high": 2.0, **PEDIGREE})
    for constant in (alone, closed):
        assert constant.bound("low") == constant.bound("high") == 2.0
        assert not constant.has_range


@given(low=st.floats(0, 1e9), width=st.floats(0, 1e9), share=st.floats(-1, 2), end=st.booleans())
def test_a_range_must_hold_its_value(low: float, width: float, share: float, end: bool) -> None:
    """Accepted exactly where low <= value <= high and the value is a cost."""
    high, value = low + width, low + share * width
    table = {"value": value, "low": low, "high": high, **PEDIGREE}
    if value >= 0 and low <= value <= high:
        kept = Cost.model_validate(table)
        assert kept.bound("high" if end else "low") == (high if end else low)
    else:
        with pytest.raises(ValidationError):
            Cost.model_validate(table)


@pytest.mark.parametrize(
    "ends",
    [
        {"low": 1.0},
        {"high": 3.0},
        {"low": 2.5, "high": 3.0},
        {"low": 1.0, "high": 1.5},
        {"low": -1.0, "high": 3.0},
        {"low": 1.0, "high": math.inf},
        {"low": math.nan, "high": 3.0},
        {"low": 1.0, "high": math.nan},
        {"low": True, "high": 3.0},
        {"low": "1.0", "high": 3.0},
    ],
)
def test_half_and_crooked_ranges_are_refused(ends: dict[str, Any]) -> None:
    """One end alone, a range beside the value, below 0, without end, or of no numbers."""
    with pytest.raises(ValidationError):
        Cost.model_validate({"value": 2.0, **ends, **PEDIGREE})


@pytest.mark.parametrize("value", [True, [1.0], "dense"])
def test_only_numbers_have_ranges(value: Any) -> None:
    """A word, a list or a truth value lies between no ends."""
    with pytest.raises(ValidationError, match="low and high stand together, at a number"):
        Constant[Any].model_validate({"value": value, "low": 0.0, "high": 2.0, **PEDIGREE})


@pytest.mark.parametrize("value", [-1e-12, math.nan, math.inf, -math.inf, True, "1.0", None, [1.0]])
def test_no_cost_at_all(value: Any) -> None:
    """A cost is a finite number of 0 or more, and no truth value."""
    with pytest.raises(ValidationError):
        Cost.model_validate({"value": value, **PEDIGREE})


@pytest.mark.parametrize("value", [0, -1, 1.0, True, "4", math.nan])
def test_no_limit_at_all(value: Any) -> None:
    """A limit is a whole number of 1 or more, and no truth value."""
    with pytest.raises(ValidationError):
        Limit.model_validate({"value": value, **PEDIGREE})


@pytest.mark.parametrize("value", [0, 1, "true", 1.0])
def test_no_flag_at_all(value: Any) -> None:
    """A truth value is written as one."""
    with pytest.raises(ValidationError):
        Flag.model_validate({"value": value, **PEDIGREE})


@pytest.mark.parametrize(
    "change", [{"grade": "sure"}, {"grade": None}, {"source": None}, {"unit": "J"}]
)
def test_a_pedigree_is_whole(change: dict[str, Any]) -> None:
    """A grade of the four, a source, and nothing that isn't known."""
    with pytest.raises(ValidationError):
        Cost.model_validate({"value": 1.0, **PEDIGREE, **change})


@pytest.mark.parametrize("url", ["", "https://doi.org/10.1109/MM.2018.112130359"])
def test_a_source_is_linked_by_https_or_not_at_all(url: str) -> None:
    """What a page may link to."""
    assert Source(citation="Davies 2018", url=url).url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://doi.org/1",
        "javascript:alert(1)",
        "https://",
        'https://a"onclick=',
        "https://a b",
        "https://a<b",
        "https://a\nb",
        "https://a\n",
        " https://a",
    ],
)
def test_other_links_are_refused(url: str) -> None:
    """No other scheme, nothing that could leave an attribute of a page."""
    with pytest.raises(ValidationError):
        Source(citation="Davies 2018", url=url)


def test_a_source_says_something() -> None:
    """An empty citation is none."""
    with pytest.raises(ValidationError):
        Source(citation="")
