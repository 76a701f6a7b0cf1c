"""Charts: plotly accepts every property, and the numbers are the report's."""

import math
from typing import Any

import plotly.graph_objects as go
import pytest

from hwsim.ledger.entry import LedgerEntry
from hwsim.report.charts.accuracy import accuracy_chart, wilson
from hwsim.report.charts.chart import LONGEST_LABEL, plain, shortened
from hwsim.report.charts.energy import energy_by_layer_chart, energy_by_term_chart
from hwsim.report.charts.latency import latency_chart
from hwsim.report.charts.ledger import ledger_chart
from hwsim.report.charts.spikes import spikes_chart
from hwsim.report.charts.table import charts
from hwsim.report.charts.training import training_chart
from hwsim.report.model import Accuracy, Report
from hwsim.report.run_facts import with_run_facts
from hwsim.report.terms import LAYER_TERMS, TERMS
from tests.report_example import HOSTILE, example_report

EXAMPLES: tuple[dict[str, Any], ...] = (
    {},
    {"layers": 20, "cores": 74, "time_steps": 10},
    {"layers": 20, "cores": 200, "chips": 2, "time_steps": 24},
    {"names": HOSTILE, "fits": False},
    {"extras": False, "accuracy": False},
)
FULL = (
    "accuracy", "training", "ledger", "raster", "spikes", "energy-by-term", "sensitivity",
    "energy-by-layer", "latency", "time-line", "core-map", "devices",
)  # fmt: skip
EXTRAS = ("accuracy", "training", "ledger", "raster", "devices")


@pytest.fixture(scope="module")
def report() -> Report:
    """Three layers on five cores."""
    return example_report()


@pytest.mark.parametrize("arguments", EXAMPLES)
def test_plotly_accepts_every_chart(arguments: dict[str, Any]) -> None:
    """Plotly's own validation knows each trace type and property; ids and titles are unique."""
    drawn = charts(example_report(**arguments))
    for chart in drawn:
        go.Figure(data=chart.data, layout=chart.layout)
        assert chart.caption
        for label, _ in chart.legend:
            assert chart.traces(label), f"{chart.key}: '{label}' stands for no trace"
    expected = [key for key in FULL if arguments.get("extras", True) or key not in EXTRAS]
    assert [chart.key for chart in drawn] == expected
    assert len({chart.title for chart in drawn}) == len(drawn)


def test_the_example_agrees_with_itself(report: Report) -> None:
    """Energies by layer, core, step and event have the same sum as the terms."""
    energy = report.energy_j
    of_cores = math.fsum(getattr(energy, term.key) for term in LAYER_TERMS)
    for rows in (report.layers, report.cores, report.steps):
        assert math.fsum(row.energy_j.total for row in rows) == pytest.approx(of_cores)
    assert math.fsum(event.energy_j for event in report.events) == pytest.approx(energy.total)
    assert math.fsum(getattr(energy, term.key) for term in TERMS) == pytest.approx(energy.total)
    assert math.fsum(step.latency_s for step in report.steps) == pytest.approx(
        report.latency_s.total
    )


def test_estimates_are_called_estimates(report: Report) -> None:
    """Every chart of energy or time says so in its title; measured ones don't."""
    estimates = {chart.key for chart in charts(report) if "estimate" in chart.title}
    assert estimates == {
        "energy-by-term", "sensitivity", "energy-by-layer", "latency", "time-line", "core-map",
        "devices",
    }  # fmt: skip


def test_every_axis_has_a_title(report: Report) -> None:
    """Also those of names; those of quantities end in their unit."""
    for chart in charts(report):
        axes = {name: value for name, value in chart.layout.items() if "axis" in name}
        assert len(axes) >= 2
        assert all(value["title"]["text"] for value in axes.values()), chart.key
        for trace in chart.data:
            assert "(%)" in trace.get("colorbar", {"title": {"text": "(%)"}})["title"]["text"]


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
    assert training_chart(example_report(extras=False)) is None


def test_wilson_interval_has_its_published_values() -> None:
    """81 of 263: 0.2553 to 0.3662 (Newcombe 1998, Statistics in Medicine 17, table I, method 3)."""
    low, high = wilson(81 / 263, 263)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    assert wilson(1.0, 10)[1] == pytest.approx(1.0)
    assert 0.0 <= wilson(0.0, 10)[0] < 1e-12


def test_bars_are_the_reports_joules(report: Report) -> None:
    """Axis values times the axis unit give back report.json, term by term and layer by layer."""
    joules = [getattr(report.energy_j, term.key) for term in TERMS]
    by_term = energy_by_term_chart(report)
    assert [1e-9 * x for x in by_term.data[0]["x"]] == pytest.approx(joules)
    assert "(nJ)" in by_term.layout["xaxis"]["title"]["text"]
    assert by_term.layout["yaxis"]["ticktext"][3] == "Leakage of<br>cores in use"
    by_layer = energy_by_layer_chart(report)
    names = [layer.name for layer in report.layers]
    assert by_layer.layout["yaxis"]["ticktext"] == ["(no layer)", *names]
    stacked = {stack["name"]: math.fsum(stack["x"]) * 1e-9 for stack in by_layer.data}
    assert list(stacked) == [term.short for term in TERMS]
    assert list(stacked.values()) == pytest.approx(joules)
    for index, layer in enumerate(report.layers, start=1):
        bar = math.fsum(stack["x"][index] for stack in by_layer.data) * 1e-9
        assert bar == pytest.approx(layer.energy_j.total)


def test_terms_without_energy_have_no_stack(report: Report) -> None:
    """A chip whose host and I/O cost nothing has layers alone."""
    energy = report.energy_j.model_copy(update={"chip": 0.0, "host": 0.0, "io": 0.0})
    chart = energy_by_layer_chart(report.model_copy(update={"energy_j": energy}))
    assert [label for label, _ in chart.legend] == [term.short for term in LAYER_TERMS]
    assert chart.layout["yaxis"]["ticktext"] == [layer.name for layer in report.layers]


def test_heat_map_is_the_share_of_neurons_that_fired(report: Report) -> None:
    """Row by layer, column by step: spikes / neurons in per cent, spikes as text."""
    heat = spikes_chart(report).data[0]
    for row, layer in zip(heat["z"], report.layers, strict=True):
        expected = [100 * spikes / layer.neurons for spikes in layer.spikes_per_step]
        assert row == pytest.approx(expected)
    assert heat["text"][0][0] == f"{report.layers[0].spikes_per_step[0]:,.0f}"
    assert heat["zmin"] == 0


def test_steps_add_up_to_their_durations(report: Report) -> None:
    """Busiest core and barrier stacked are each step's time; the caption names layer and bounds."""
    chart = latency_chart(report)
    cores, barrier = chart.data
    heights = [(a + b) * 1e-6 for a, b in zip(cores["y"], barrier["y"], strict=True)]
    assert heights == pytest.approx([step.latency_s for step in report.steps])
    assert "l002_lif in 4 of 7 steps" in chart.caption
    assert "link" not in chart.caption
    latency = report.latency_s.model_copy(update={"link_bound_steps": 3, "throttle": 1e-3})
    bound = latency_chart(report.model_copy(update={"latency_s": latency})).caption
    assert "In 3 steps the busiest link sets the time" in bound
    assert "real-time 1.00 ms" in bound


def test_training_axis_hides_no_epoch(report: Report) -> None:
    """The accuracy axis starts at the ten below the worst epoch and says so."""
    chart = training_chart(report)
    assert chart is not None
    assert chart.layout["yaxis2"]["range"] == [60, 101]
    assert "axis from 60 %" in chart.caption
    assert "validation 98.00 %" in chart.caption
    assert len(chart.data) == 4


def test_long_names_leave_room_for_the_chart() -> None:
    """The middle of a long name goes, its ends stay."""
    short = shortened("backbone.stage3.block11.residual.conv2.lif")
    assert len(short) <= LONGEST_LABEL
    assert short.startswith("backbone.stag")
    assert short.endswith("l.conv2.lif")
    assert shortened("l001_lif") == "l001_lif"


def test_labels_are_escaped_for_plotly() -> None:
    """It reads tags, but shows the entities of quotes as they are written."""
    assert plain('<b>"x" & y</b>') == '&lt;b&gt;"x" &amp; y&lt;/b&gt;'


def test_no_markup_of_a_name_reaches_plotly() -> None:
    """In labels, legends, hover texts and annotations alike."""
    for chart in charts(example_report(names=HOSTILE, fits=False)):
        text = repr((chart.data, chart.layout))
        for tag in ("<script", "<img", "</script", "<i>or"):
            assert tag not in text, chart.key


def test_ledger_chart_shows_every_step_but_the_first() -> None:
    """Percent of spikes changed, a column per transformation; none without a ledger."""
    report = example_report(extras=False)
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
