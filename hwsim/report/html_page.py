"""The frame of every page: head, style, charts and their script, all in the one file."""

import json
from collections.abc import Sequence
from html import escape
from importlib import resources

from plotly.offline import get_plotlyjs

from hwsim.report.charts.chart import Chart
from hwsim.report.html_text import safe

CONTENT_RULES = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; base-uri 'none'; form-action 'none'"
)
"""The browser itself keeps the page from loading anything."""


def framed(title: str, content: Sequence[str], drawn: Sequence[Chart]) -> str:
    """A whole page as text.

    Args:
        title: of the window.
        content: HTML of the page's parts.
        drawn: every chart whose figure stands in the content.
    """
    return "\n".join(
        (
            "<!doctype html>",
            '<html lang="en">',
            _head(title),
            "<body>",
            "<main>",
            *content,
            "</main>",
            f'<script type="application/json" id="charts-data">{_data(drawn)}</script>',
            f"<script>{get_plotlyjs()}</script>",
            f"<script>{_resource('page.js')}</script>",
            "</body>",
            "</html>",
            "",
        )
    )


def figures(drawn: Sequence[Chart]) -> str:
    """The charts side by side where there is room."""
    return "\n".join(('<div class="charts">', *(_figure(chart) for chart in drawn), "</div>"))


def _head(title: str) -> str:
    return "\n".join(
        (
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta http-equiv="Content-Security-Policy" content="{escape(CONTENT_RULES)}">',
            f"<title>{escape(title)}</title>",
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


def _data(drawn: Sequence[Chart]) -> str:
    """The figures as JSON that can't end the script element they stand in."""
    content = [{"id": chart.key, "data": chart.data, "layout": chart.layout} for chart in drawn]
    return json.dumps(content, allow_nan=False).replace("<", "\\u003c")


def _resource(name: str) -> str:
    return resources.files("hwsim.report").joinpath(name).read_text(encoding="utf-8")
