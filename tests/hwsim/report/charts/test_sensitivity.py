"""The tornado chart: bars from the nominal total to each end, widest swing first."""

import pytest

from hwsim.report.charts.sensitivity import MOST_ROWS, sensitivity_chart
from hwsim.report.chip_cost import Sensitivity
from tests.report_example import example_report


def test_bars_run_from_the_nominal_total_to_the_ends() -> None:
    """Base plus length is the end's joules, sorted by swing."""
    report = example_report()
    chart = sensitivity_chart(report)
    assert chart is not None
    rows = sorted(report.sensitivity, key=lambda row: -row.swing_j)
    low, high = chart.data
    for bars, ends in (
        (low, [row.low_j for row in rows]),
        (high, [row.high_j for row in rows]),
    ):
        reached = [1e-9 * (a + b) for a, b in zip(bars["base"], bars["x"], strict=True)]
        assert reached == pytest.approx(ends)
        assert [1e-9 * base for base in bars["base"]] == pytest.approx([report.energy_j.total] * 3)
    lines = chart.layout["shapes"]
    assert {line["x0"] for line in lines} == {line["x1"] for line in lines} == {low["base"][0]}
    heads = [note["text"] for note in chart.layout["annotations"]]
    assert heads[0].startswith("<b>Rest of the chip counted over the run time</b>")
    assert "left out: 301 nJ" in heads[0]
    assert "&lt;i&gt;or&lt;/i&gt;" in heads[2]


def test_ends_on_one_side_are_both_seen() -> None:
    """The second bar is thinner than the first, and only then."""
    report = example_report()
    total = report.energy_j.total
    row = Sensitivity(assumption="a", low_j=1.1 * total, high_j=1.3 * total, low="", high="")
    chart = sensitivity_chart(report.model_copy(update={"sensitivity": (row,)}))
    assert chart is not None
    assert chart.data[1]["width"][0] < chart.data[0]["width"][0]
    other = sensitivity_chart(report)
    assert other is not None
    assert other.data[1]["width"] == other.data[0]["width"]


def test_what_moves_nothing_is_left_out() -> None:
    """And of many the widest are drawn, the number of others said."""
    report = example_report()
    total = report.energy_j.total
    rows = tuple(
        Sensitivity(
            assumption=f"a{i}", low_j=total, high_j=total * (1 + i / 100), low="x", high="y"
        )
        for i in range(20)
    )
    chart = sensitivity_chart(report.model_copy(update={"sensitivity": rows}))
    assert chart is not None
    assert len(chart.data[0]["x"]) == MOST_ROWS
    assert "7 that move it less are left out" in chart.caption
    assert sensitivity_chart(report.model_copy(update={"sensitivity": rows[:1]})) is None
