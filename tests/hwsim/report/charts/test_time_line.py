"""The time line of the longest step: segments where they lie, overlaps on lanes."""

import pytest

from hwsim.report.charts.time_line import ROW, lanes, time_line_chart
from hwsim.report.chip_cost import CoreLine, Segment
from tests.report_example import example_report


def segment(work: str, start_s: float, seconds: float) -> Segment:
    return Segment(work=work, start_s=start_s, seconds=seconds)


def test_bars_are_the_reports_segments() -> None:
    """Base and length of every bar, in the axis's unit, in the report's order of cores."""
    report = example_report()
    chart = time_line_chart(report)
    assert chart is not None
    bars = sorted(
        (round(y), base, base + x)
        for trace in chart.data[:-1]
        for y, base, x in zip(trace["y"], trace["base"], trace["x"], strict=True)
    )
    expected = sorted(
        (row, 1e6 * part.start_s, 1e6 * (part.start_s + part.seconds))
        for row, core in enumerate(report.step_line.cores)
        for part in core.segments
    )
    assert [bar for each in bars for bar in each] == pytest.approx(
        [bar for each in expected for bar in each]
    )
    assert chart.layout["xaxis"]["title"]["text"] == "time within the step (µs)"
    core = report.step_line.cores[0]
    assert chart.layout["yaxis"]["ticktext"][0] == f"{core.core}: {core.layer}"


def test_barrier_ends_the_step() -> None:
    """On every core at the same time; none where the chip has none."""
    report = example_report()
    line = report.step_line
    chart = time_line_chart(report)
    assert chart is not None
    barrier = chart.data[-1]
    assert barrier["name"] == "Barrier"
    assert len(barrier["y"]) == len(line.cores)
    for base, x in zip(barrier["base"], barrier["x"], strict=True):
        assert 1e-6 * (base + x) == pytest.approx(line.length_s)
        assert 1e-6 * x == pytest.approx(line.barrier_s)
    free = line.model_copy(update={"barrier_s": 0.0})
    without = time_line_chart(report.model_copy(update={"step_line": free}))
    assert without is not None
    assert "Barrier" not in [label for label, _ in without.legend]


def test_work_that_overlaps_lies_on_lanes_of_its_own() -> None:
    """One after another shares a lane; side by side doesn't."""
    serial = [segment("a", 0.0, 0.5), segment("b", 0.5, 0.25), segment("c", 0.75, 0.25)]
    assert lanes(serial) == [0, 0, 0]
    overlapped = [segment("a", 0.0, 0.5), segment("b", 0.25, 0.5), segment("c", 0.5, 0.5)]
    assert lanes(overlapped) == [0, 1, 0]
    assert lanes([segment("late", 0.5, 1.0), segment("early", 0.0, 1.0)]) == [1, 0]


def test_lanes_stay_within_their_row() -> None:
    """Bars of a core lie within its row and don't cover one another."""
    report = example_report()
    chart = time_line_chart(report)
    assert chart is not None
    for trace in chart.data[:-1]:
        for y, width in zip(trace["y"], trace["width"], strict=True):
            assert abs(y - round(y)) + width / 2 <= ROW / 2 + 1e-9


def test_no_work_no_chart() -> None:
    """A step in which nothing was timed."""
    report = example_report()
    line = report.step_line.model_copy(
        update={"cores": (CoreLine(core=0, layer="a", segments=()),)}
    )
    assert time_line_chart(report.model_copy(update={"step_line": line})) is None
