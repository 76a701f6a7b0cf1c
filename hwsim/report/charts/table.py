"""Which charts there are, in the page's order."""

from collections.abc import Callable

from hwsim.report.charts.accuracy import accuracy_chart
from hwsim.report.charts.chart import Chart
from hwsim.report.charts.core_map import core_map_chart
from hwsim.report.charts.devices import devices_chart
from hwsim.report.charts.energy import energy_by_layer_chart, energy_by_term_chart
from hwsim.report.charts.latency import latency_chart
from hwsim.report.charts.ledger import ledger_chart
from hwsim.report.charts.raster import raster_chart
from hwsim.report.charts.sensitivity import sensitivity_chart
from hwsim.report.charts.spikes import spikes_chart
from hwsim.report.charts.time_line import time_line_chart
from hwsim.report.charts.training import training_chart
from hwsim.report.model import AnyReport, EmulatedReport, Report

CHARTS: tuple[Callable[[Report], Chart | None], ...] = (
    accuracy_chart,
    training_chart,
    ledger_chart,
    raster_chart,
    spikes_chart,
    energy_by_term_chart,
    sensitivity_chart,
    energy_by_layer_chart,
    latency_chart,
    time_line_chart,
    core_map_chart,
    devices_chart,
)

UNCOSTED: tuple[Callable[[EmulatedReport], Chart | None], ...] = (
    accuracy_chart,
    ledger_chart,
    spikes_chart,
    training_chart,
)
"""Of a network that no chip could run."""


def charts(report: AnyReport) -> list[Chart]:
    """Every chart that the report has numbers for."""
    if isinstance(report, Report):
        drawn = [draw(report) for draw in CHARTS]
    else:
        drawn = [draw(report) for draw in UNCOSTED]
    return [chart for chart in drawn if chart is not None]
