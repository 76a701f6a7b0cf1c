"""report.html: one page that needs nothing but itself, drawn from the report alone."""

import json
from html import escape
from importlib import resources
from pathlib import Path

from plotly.offline import get_plotlyjs

from hwsim.report.charts.chart import Chart
from hwsim.report.charts.table import charts
from hwsim.report.html_header import header
from hwsim.report.html_tables import (
    assumption_list,
    event_table,
    layer_table,
    quantisation_table,
    source_list,
)
from hwsim.report.html_text import safe
from hwsim.report.model import Report
from trainers.atomic_file import whole_file

CONTENT_RULES = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; base-uri 'none'; form-action 'none'"
)
"""The browser itself keeps the page from loading anything."""


def write_html(report: Report, path: Path) -> None:
    """Writes report.html; `path` appears only when the file is complete.

    Raises:
        FileError: the folder can't be written to, or no space is left.
    """
    with whole_file(path) as partial:
        partial.write_text(page(report), encoding="utf-8")


def page(report: Report) -> str:
    """The whole page as text."""
    drawn = charts(report)
    return "\n".join(
        (
            "<!doctype html>",
            '<html lang="en">',
            _head(report),
            "<body>",
            "<main>",
            header(report),
            '<div class="charts">',
            *(_figure(chart) for chart in drawn),
            "</div>",
            layer_table(report),
            quantisation_table(report),
            event_table(report),
            assumption_list(report),
            source_list(report),
            "<footer>Drawn from report.json alone. Energy and time are estimates from events "
            "counted in the emulated network.</footer>",
            "</main>",
            f'<script type="application/json" id="charts-data">{_data(drawn)}</script>',
            f"<script>{get_plotlyjs()}</script>",
            f"<script>{_resource('page.js')}</script>",
            "</body>",
            "</html>",
            "",
        )
    )


def _head(report: Report) -> str:
    name = report.recipe or "network"
    return "\n".join(
        (
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta http-equiv="Content-Security-Policy" content="{escape(CONTENT_RULES)}">',
            f"<title>{escape(name)} on {escape(report.chip.title)}: spikeport report</title>",
            f"<style>{_resource('page.css')}</style>",
            "</head>",
        )
    )


def _figure(chart: Chart) -> str:
    wide = ' class="wide"' if chart.wide else ""
    return (
        f'<figure{wide}><h2 id="{chart.key}-title">{safe(chart.title)}</h2>'
        f'<figcaption id="{chart.key}-caption">{safe(chart.caption)}</figcaption>{_legend(chart)}'
        f'<div class="plot" id="{chart.key}" role="img" style="min-height: {chart.height}px" '
        f'aria-labelledby="{chart.key}-title" aria-describedby="{chart.key}-caption"></div>'
        "</figure>"
    )


def _legend(chart: Chart) -> str:
    if not chart.legend:
        return ""
    # Drawn as shapes, since browsers leave out background colours when they print.
    square = (
        '<svg viewBox="0 0 1 1" aria-hidden="true"><rect width="1" height="1" fill="{}"/></svg>'
    )
    items = (f"<li>{square.format(escape(colour))}{escape(label)}</li>"
             for label, colour in chart.legend)  # fmt: skip
    return f'<ul class="legend">{"".join(items)}</ul>'


def _data(drawn: list[Chart]) -> str:
    """The figures as JSON that can't end the script element they stand in."""
    figures = [
        {"id": chart.key, "data": chart.data, "layout": chart.layout} for chart in drawn
    ]  # fmt: skip
    return json.dumps(figures, allow_nan=False).replace("<", "\\u003c")


def _resource(name: str) -> str:
    return resources.files("hwsim.report").joinpath(name).read_text(encoding="utf-8")
