"""The device comparison: nominal bars, whiskers where a range is known."""

import math

import pytest

from hwsim.report.charts.devices import devices_chart
from tests.report_example import example_report


def test_bars_and_whiskers_are_the_reports_energies() -> None:
    """What can't be told has no bar; a range of one value has no whisker."""
    report = example_report()
    chart = devices_chart(report)
    assert chart is not None
    bars = {
        row: (x, low, high)
        for trace in chart.data
        for row, x, low, high in zip(
            trace["customdata"],
            trace["x"],
            trace.get("error_x", {}).get("arrayminus", [None] * len(trace["x"])),
            trace.get("error_x", {}).get("array", [None] * len(trace["x"])),
            strict=True,
        )
    }
    told = {row.title: row.energy_j for row in report.devices if row.energy_j is not None}
    assert set(bars) == set(told)
    for title, energy in told.items():
        x, low, high = bars[title]
        assert x == energy.nominal
        if energy.low == energy.high:
            assert (low, high) == (None, None)
        else:
            floor = 10 ** chart.layout["xaxis"]["range"][0]
            assert x - low == pytest.approx(max(energy.low, floor))
            assert x + high == pytest.approx(energy.high)


def test_axis_holds_every_whisker() -> None:
    """From the decade below the least (0 has none) to the one above the most."""
    chart = devices_chart(example_report())
    assert chart is not None
    low, high = chart.layout["xaxis"]["range"]
    assert (low, math.floor(high)) == (-8, -3)
    assert chart.layout["xaxis"]["ticktext"] == [
        "10 nJ", "100 nJ", "1 µJ", "10 µJ", "100 µJ", "1 mJ",
    ]  # fmt: skip


def test_this_chip_and_what_does_not_fit_are_marked() -> None:
    """In the headings above the bars."""
    chart = devices_chart(example_report())
    assert chart is not None
    heads = [note["text"] for note in chart.layout["annotations"]]
    assert "Intel Loihi 1 (this report)" in heads[0]
    assert "does not fit" in heads[1]
    assert "this report" not in "".join(heads[1:])


def test_no_device_no_chart() -> None:
    """Nor where no energy can be told."""
    report = example_report()
    assert devices_chart(report.model_copy(update={"devices": ()})) is None
    assert devices_chart(report.model_copy(update={"devices": report.devices[-1:]})) is None
