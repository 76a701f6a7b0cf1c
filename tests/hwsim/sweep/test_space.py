"""Which points a command line asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwsim.sweep.space import (
    SCALE_SEARCHES,
    THRESHOLD_STRATEGIES,
    Point,
    Space,
    parse_bits,
    parse_names,
    parse_qat,
)
from trainers.errors import ConfigError
from trainers.export_tables import ExportTable, QatTable

WIDTHS = st.integers(2, 8)
PARTS = st.one_of(WIDTHS, st.tuples(WIDTHS, WIDTHS).map(sorted).map(tuple))


@given(st.lists(PARTS, min_size=1))
def test_widths_and_ranges_in_any_order_are_their_union(parts: list[int | tuple[int, int]]) -> None:
    """Both ends of a range count; each width once, ascending."""
    texts = [f"{part[0]}:{part[1]}" if isinstance(part, tuple) else str(part) for part in parts]
    asked: set[int] = set()
    for part in parts:
        low, high = part if isinstance(part, tuple) else (part, part)
        asked |= {width for width in range(100) if low <= width <= high}
    assert parse_bits(",".join(texts)) == tuple(sorted(asked))


@given(st.text(alphabet="0123456789:, -x\u0664", max_size=6))
def test_any_other_text_is_refused_in_one_line(text: str) -> None:
    """Never another exception, nor a width that [export] wouldn't take."""
    try:
        widths = parse_bits(text)
    except ConfigError as error:
        line = str(error)
    else:
        assert widths
        for width in widths:
            ExportTable.model_validate({"weight_bits": width})
        return
    assert line.startswith(f"--bits {text}: ")
    assert "\n" not in line


@pytest.mark.parametrize(
    "text", ["1:8", "2:9", "8:2", "", "2:", ":8", "2;4", "2:4:6", "\u0664", "8" * 5000]
)
def test_widths_that_no_weight_has_are_refused(text: str) -> None:
    """Outside 2 to 8, backwards, or no number."""
    with pytest.raises(ConfigError, match=r"Give e\.g\. 2:8 or 4,6,8 or all\."):
        parse_bits(text)


def test_all_is_everything_that_the_recipe_may_say() -> None:
    """In the order of the recipe's own tables."""
    assert parse_bits("all") == (2, 3, 4, 5, 6, 7, 8)
    assert parse_names("--x", "all", THRESHOLD_STRATEGIES) == (
        "mean", "calibrated", "finetune", "schedule",
    )  # fmt: skip
    assert parse_names("--x", "percentile, max-abs,percentile", SCALE_SEARCHES) == (
        "max-abs", "percentile",
    )  # fmt: skip
    assert [parse_qat(text) for text in ("no", "yes", "both")] == [
        (False,), (True,), (False, True),
    ]  # fmt: skip


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    """For each axis, with the option's name."""
    with pytest.raises(ConfigError, match=r"--threshold-strategy mean,max: 'max' is unknown.*mean"):
        parse_names("--threshold-strategy", "mean,max", THRESHOLD_STRATEGIES)
    with pytest.raises(ConfigError, match=r"--scale-search : '' is unknown.*or all\."):
        parse_names("--scale-search", "", SCALE_SEARCHES)
    with pytest.raises(ConfigError, match=r"--qat maybe: unknown\. Choose no, yes, both\."):
        parse_qat("maybe")


def test_points_are_every_combination_once() -> None:
    """Bits change last, so that a sweep that is broken off has whole widths."""
    space = Space((4, 8), ("mean", "calibrated"), ("max-abs", "percentile"), (False, True))
    points = space.points()
    assert len(set(points)) == len(points) == 16
    assert [point.weight_bits for point in points] == [4] * 8 + [8] * 8
    assert points[1] == Point(4, "mean", "max-abs", True)


def test_a_points_table_is_the_recipes_with_its_values() -> None:
    """The rest stays; fine-tuning is the recipe's own where there is one."""
    recipe = ExportTable(input_form="graded", max_drop=0.1, qat=QatTable(epochs=7))
    table = Point(3, "calibrated", "percentile", True).table(recipe)
    assert (table.weight_bits, table.threshold_strategy) == (3, "calibrated")
    assert (table.scale_search, table.targets) == ("percentile", ("chip",))
    assert (table.input_form, table.qat) == ("graded", QatTable(epochs=7))
    assert Point(3, "mean", "max-abs", False).table(recipe).qat is None
    assert Point(3, "mean", "max-abs", True).table(ExportTable()).qat == QatTable()
