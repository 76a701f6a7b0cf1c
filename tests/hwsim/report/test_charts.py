"""Charts: plotly accepts every property, and the numbers are the report's."""

import math

import plotly.graph_objects as go
import pytest

from hwsim.costing import cost
from hwsim.ledger.entry import LedgerEntry
from hwsim.report.charts.accuracy import accuracy_chart, wilson
from hwsim.report.charts.chart import LONGEST_LABEL, shortened
from hwsim.report.charts.energy import energy_by_layer_chart, energy_by_term_chart
from hwsim.report.charts.latency import latency_chart
from hwsim.report.charts.ledger import ledger_chart
from hwsim.report.charts.spikes import spikes_chart
from hwsim.report.charts.table import charts
from hwsim.report.charts.training import training_chart
from hwsim.report.model import Accuracy, Report, TrainingCurve
from hwsim.report.run_facts import with_run_facts
from tests.cost_example import digits_graph, random_trace


@pytest.fixture(scope="module")
def report() -> Report:
    """The digits network with accuracies and a short training curve."""
    return with_run_facts(
        cost(random_trace(digits_graph()), "loihi1"),
        accuracy=Accuracy(trained=0.9889, frozen=0.9889, chip=0.9861, samples=360),
        training=TrainingCurve(
            epochs=(1, 2, 3),
            train_loss=(1.0, 0.5, 0.3),
            validation_loss=(1.1, None, 0.4),
            validation_accuracy=(0.71, 0.9, 0.985),
        ),
    )


def test_plotly_accepts_every_chart(report: Report) -> None:
    """Plotly's own validation knows each trace type and property; ids and titles are unique."""
    drawn = charts(report)
    for chart in drawn:
        go.Figure(data=chart.data, layout=chart.layout)
    assert [chart.key for chart in drawn] == [
        "accuracy", "energy-by-term", "spikes", "energy-by-layer", "latency", "training",
    ]  # fmt: skip
    assert len({chart.title for chart in drawn}) == len(drawn)
    assert all(chart.caption for chart in drawn)


def test_estimates_are_called_estimates(report: Report) -> None:
    """Every chart of energy or time says so in its title; measured ones don't."""
    estimates = {chart.key for chart in charts(report) if "estimate" in chart.title}
    assert estimates == {"energy-by-term", "energy-by-layer", "latency"}


def test_accuracy_axis_starts_at_zero_and_bars_carry_their_values(report: Report) -> None:
    """Nothing is magnified; the difference stands beside the bar."""
    chart = accuracy_chart(report)
    assert chart is not None
    assert chart.layout["xaxis"]["range"][0] == 0
    assert chart.data[0]["x"] == pytest.approx([98.89, 98.89, 98.61])
    notes = [note["text"] for note in chart.layout["annotations"]]
    assert "98.89 %" in notes[0]
    assert "unchanged" in notes[1]
    assert "\N{MINUS SIGN}0.28 points" in notes[2]


def test_stage_that_was_not_measured_has_no_bar(report: Report) -> None:
    """A foreign file has no trained network; without any accuracy there is no chart."""
    part = with_run_facts(report, accuracy=Accuracy(frozen=0.9, chip=0.8))
    chart = accuracy_chart(part)
    assert chart is not None
    assert chart.layout["yaxis"]["ticktext"] == ["frozen", "chip (emulated)"]
    assert accuracy_chart(with_run_facts(report, accuracy=Accuracy())) is None
    assert training_chart(cost(random_trace(digits_graph(), samples=1), "loihi1")) is None


def test_wilson_interval_has_its_published_values() -> None:
    """81 of 263: 0.2553 to 0.3662 (Newcombe 1998, Statistics in Medicine 17, table I, method 3)."""
    low, high = wilson(81 / 263, 263)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    assert wilson(1.0, 10)[1] == pytest.approx(1.0)
    assert 0.0 <= wilson(0.0, 10)[0] < 1e-12


def test_bars_are_the_reports_joules(report: Report) -> None:
    """Axis values times the axis unit give back report.json, term by term and layer by layer."""
    joules = [getattr(report.energy_j, term)
              for term in ("synops", "neurons", "messages", "static", "host")]  # fmt: skip
    by_term = energy_by_term_chart(report)
    assert [1e-6 * x for x in by_term.data[0]["x"]] == pytest.approx(joules)
    assert "(µJ)" in by_term.layout["xaxis"]["title"]["text"]
    by_layer = energy_by_layer_chart(report)
    assert by_layer.layout["yaxis"]["ticktext"] == ["host", "l001_lif", "l004_lif", "readout"]
    stacked = {stack["name"]: math.fsum(stack["x"]) * 1e-6 for stack in by_layer.data}
    assert list(stacked.values()) == pytest.approx(joules)


def test_heat_map_is_the_share_of_neurons_that_fired(report: Report) -> None:
    """Row by layer, column by step: spikes / neurons in per cent, spikes as text."""
    heat = spikes_chart(report).data[0]
    for row, layer in zip(heat["z"], report.layers, strict=True):
        expected = [100 * spikes / layer.neurons for spikes in layer.spikes_per_step]
        assert row == pytest.approx(expected)
    assert heat["text"][0][0] == "167"
    assert heat["zmin"] == 0


def test_steps_add_up_to_their_durations(report: Report) -> None:
    """Busiest core and barrier stacked are each step's time, and the caption names the layer."""
    chart = latency_chart(report)
    cores, barrier = chart.data
    heights = [(a + b) * 1e-6 for a, b in zip(cores["y"], barrier["y"], strict=True)]
    assert heights == pytest.approx([step.latency_s for step in report.steps])
    assert "l004_lif in 4 of 6 steps" in chart.caption


def test_training_axis_hides_no_epoch(report: Report) -> None:
    """The accuracy axis starts at the ten below the worst epoch and says so."""
    chart = training_chart(report)
    assert chart is not None
    assert chart.layout["yaxis2"]["range"] == [70, 101]
    assert "axis from 70 %" in chart.caption
    assert "validation 98.50 %" in chart.caption
    assert len(chart.data) == 3


def test_long_names_leave_room_for_the_chart() -> None:
    """The middle of a long name goes, its ends stay."""
    short = shortened("backbone.stage3.block11.residual.conv2.lif")
    assert len(short) <= LONGEST_LABEL
    assert short.startswith("backbone.stag")
    assert short.endswith("l.conv2.lif")
    assert shortened("l001_lif") == "l001_lif"


def test_ledger_chart_shows_every_step_but_the_first(report: Report) -> None:
    """Percent of spikes changed, a column per transformation; none without a ledger."""
    assert ledger_chart(report) is None
    fields = {"what": "", "accuracy": 1.0, "calibration_accuracy": 1.0}
    entries = (
        LedgerEntry(name="trained", **fields),
        LedgerEntry(name="frozen", changed={"a": 0.25, "b": 0.0}, **fields),
        LedgerEntry(name="<b>", changed={"a": 0.5, "b": 0.125}, **fields),
    )
    chart = ledger_chart(with_run_facts(report, ledger=entries))
    assert chart is not None
    assert chart.data[0]["z"] == [[25.0, 50.0], [0.0, 12.5]]
    assert chart.layout["xaxis"]["ticktext"] == ["frozen", "&lt;b&gt;"]
    assert chart.layout["yaxis"]["ticktext"] == ["a", "b"]
