"""Which charts there are, in the page's order."""

from collections.abc import Callable

from hwsim.report.charts.accuracy import accuracy_chart
from hwsim.report.charts.chart import Chart
from hwsim.report.charts.energy import energy_by_layer_chart, energy_by_term_chart
from hwsim.report.charts.latency import latency_chart
from hwsim.report.charts.ledger import ledger_chart
from hwsim.report.charts.spikes import spikes_chart
from hwsim.report.charts.training import training_chart
from hwsim.report.model import Report

CHARTS: tuple[Callable[[Report], Chart | None], ...] = (
    accuracy_chart,
    ledger_chart,
    energy_by_term_chart,
    spikes_chart,
    energy_by_layer_chart,
    latency_chart,
    training_chart,
)


def charts(report: Report) -> list[Chart]:
    """Every chart that the report has numbers for."""
    drawn = (draw(report) for draw in CHARTS)
    return [chart for chart in drawn if chart is not None]
