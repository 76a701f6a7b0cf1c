"""The raster: a mark per spike, the sample chosen by the legend."""

from hwsim.report.charts.raster import MOST_CELLS, raster_chart, thinned
from tests.report_example import example_report


def test_a_mark_per_spike_in_its_step() -> None:
    """Rows are the drawn neurons of the layer's band, columns are chip steps."""
    report = example_report()
    chart = raster_chart(report)
    assert chart is not None
    assert len(chart.data) == len(report.raster) == 6
    for trace, raster in zip(chart.data, report.raster, strict=True):
        marks = {
            (step, row)
            for row, cells in enumerate(trace["z"])
            for step, cell in zip(trace["x"], cells, strict=True)
            if cell is not None
        }
        assert marks == set(zip(raster.steps, raster.rows, strict=True))
        assert all(
            cell == row + 1
            for row, cells in enumerate(trace["z"])
            for cell in cells
            if cell is not None
        )


def test_bands_lie_under_one_another_within_their_rows() -> None:
    """Each layer's neurons within half a row of its number; windows are its own steps."""
    report = example_report()
    chart = raster_chart(report)
    assert chart is not None
    for trace, row in zip(chart.data, (0, 1, 2, 0, 1, 2), strict=True):
        assert all(abs(y - row) < 0.5 for y in trace["y"])
        assert trace["y"] == sorted(trace["y"])
    windows = [(shape["x0"], shape["x1"]) for shape in chart.layout["shapes"]]
    assert windows == [(0.5, 4.5), (1.5, 5.5), (2.5, 6.5)]


def test_one_sample_is_shown_at_a_time() -> None:
    """The first to begin with; the legend names each once."""
    chart = raster_chart(example_report())
    assert chart is not None
    assert chart.choice
    assert [label for label, _ in chart.legend] == ["Sample 3", "Sample 17"]
    assert [trace["visible"] for trace in chart.data] == [True] * 3 + [False] * 3
    assert chart.traces("Sample 17") == [3, 4, 5]


def test_many_neurons_are_thinned_out() -> None:
    """Evenly, each spike of a kept neuron in its place, and the caption says how many."""
    report = example_report()
    raster = report.raster[0].model_copy(
        update={"neurons": 5, "steps": (1, 1, 2, 3), "rows": (0, 1, 2, 4)}
    )
    kept = thinned(raster, 2)
    assert (kept.neurons, kept.steps, kept.rows) == (3, (1, 2, 3), (0, 1, 2))
    assert thinned(raster, 1) == raster
    chart = raster_chart(example_report(layers=40, cores=100, time_steps=100))
    assert chart is not None
    assert sum(len(trace["z"]) * len(trace["x"]) for trace in chart.data) <= MOST_CELLS * 1.2
    assert "Up to 5 neurons" in chart.caption


def test_no_samples_no_chart() -> None:
    """Older runs have none."""
    assert raster_chart(example_report(extras=False)) is None
