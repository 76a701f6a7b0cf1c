"""The frame of every page: head, style, charts and their script, all in the one file."""

import json
from collections.abc import Sequence
from html import escape
from importlib import resources
from typing import Any

from plotly.offline import get_plotlyjs

from hwsim.report.charts.chart import Chart
from hwsim.report.charts.theme import DARK
from hwsim.report.html_text import safe

CONTENT_RULES = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; base-uri 'none'; form-action 'none'"
)
"""The browser itself keeps the page from loading anything."""


FIGURES = 7


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
            f'<script type="application/json" id="dark-colours">{json.dumps(DARK)}</script>',
            f"<script>{get_plotlyjs()}</script>",
            f"<script>{_resource('page.js')}</script>",
            "</body>",
            "</html>",
            "",
        )
    )


def figures(drawn: Sequence[Chart], heading: str = "h2") -> str:
    """The charts side by side where there is room, no half left empty; nothing without any."""
    if not drawn:
        return ""
    narrow = [chart.key for chart in drawn if not chart.wide]
    alone = narrow[-1] if len(narrow) % 2 else None
    charts = (_figure(chart, heading, wide=chart.wide or chart.key == alone) for chart in drawn)
    return "\n".join(('<div class="charts">', *charts, "</div>"))


def contents(parts: Sequence[tuple[str, str]]) -> str:
    """Links to the page's parts.

    Args:
        parts: (key, title) of each.
    """
    links = "".join(f'<li><a href="#{key}">{safe(title)}</a></li>' for key, title in parts)
    return f'<nav aria-label="Parts of the page"><ul>{links}</ul></nav>'


def part(key: str, title: str, *content: str) -> str:
    """A part of the page under its own heading; nothing where all of its content is empty."""
    filled = [text for text in content if text]
    if not filled:
        return ""
    inner = "\n".join(filled)
    return (
        f'<section class="part" id="{key}" aria-labelledby="{key}-part">'
        f'<h2 id="{key}-part">{safe(title)}</h2>{inner}</section>'
    )


def _head(title: str) -> str:
    return "\n".join(
        (
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f'<meta http-equiv="Content-Security-Policy" content="{escape(CONTENT_RULES)}">',
            f"<title>{escape(title)}</title>",
            f"<style>{_resource('page.css')}</style>",
            "</head>",
        )
    )


def _figure(chart: Chart, heading: str, *, wide: bool) -> str:
    kind = ' class="wide"' if wide else ""
    return (
        f'<figure{kind}><{heading} id="{chart.key}-title">{safe(chart.title)}</{heading}>'
        f'<figcaption id="{chart.key}-caption">{safe(chart.caption)}</figcaption>{_legend(chart)}'
        f'<div class="plot" id="{chart.key}" role="img" style="min-height: {chart.height}px" '
        f'aria-labelledby="{chart.key}-title" aria-describedby="{chart.key}-caption"></div>'
        "</figure>"
    )


def _legend(chart: Chart) -> str:
    if not chart.legend:
        return ""
    items = "".join(
        f"<li>{_entry(chart, label, colour, pressed=not (chart.choice and position))}</li>"
        for position, (label, colour) in enumerate(chart.legend)
    )
    words = "chooses what is shown" if chart.choice else "shows and hides"
    return (
        f'<ul class="legend{" choice" if chart.choice else ""}" data-chart="{chart.key}" '
        f'aria-label="Legend, {words}">{items}</ul>'
    )


def _entry(chart: Chart, label: str, colour: str, *, pressed: bool) -> str:
    # Drawn as shapes, since browsers leave out background colours when they print.
    square = (
        '<svg viewBox="0 0 1 1" aria-hidden="true">'
        f'<rect width="1" height="1" fill="{escape(colour)}"/></svg>'
    )
    traces = ",".join(map(str, chart.traces(label)))
    if not traces:
        return f"<span>{square}{escape(label)}</span>"
    return (
        f'<button type="button" aria-pressed="{str(pressed).lower()}" data-traces="{traces}">'
        f"{square}{escape(label)}</button>"
    )


def _data(drawn: Sequence[Chart]) -> str:
    """The figures as JSON that can't end the script element they stand in."""
    content = [
        {"id": chart.key, "data": _rounded(chart.data), "layout": chart.layout} for chart in drawn
    ]
    return json.dumps(content, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def _rounded(value: Any) -> Any:
    """Numbers to as many figures as anyone can see: the page stays small."""
    if isinstance(value, float):
        return float(f"{value:.{FIGURES}g}")
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(each) for each in value]
    return value


def _resource(name: str) -> str:
    return resources.files("hwsim.report").joinpath(name).read_text(encoding="utf-8")
