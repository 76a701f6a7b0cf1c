"""What a chart is, and the look that all of them share."""

from dataclasses import dataclass
from html import escape
from textwrap import wrap
from typing import Any

from hwsim.report.units import PREFIXES, prefix_exponent

INK = "#1d2733"
MUTED = "#5c6773"
GRID = "#e6e9ed"
ACCENT = "#2f5d8c"
SECOND = "#c77f2a"
FONT = "-apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Liberation Sans', Arial, sans-serif"

ROW_PX = 34
LONGEST_LABEL = 28
WORDS_OF_A_LINE = 13

Figure = dict[str, Any]


@dataclass(frozen=True)
class Chart:
    """One chart of the page.

    Args:
        key: id of its element.
        title: heading above it.
        caption: what is drawn and how to read it; also the chart's text alternative.
        height: pixels.
        data: plotly traces.
        layout: plotly layout.
        legend: (label, colour) pairs, shown above the plot; an entry shows and hides the traces
            of its name.
        wide: whether it takes the page's full width.
        choice: whether the legend chooses one entry, the first one to begin with.
    """

    key: str
    title: str
    caption: str
    height: int
    data: list[Figure]
    layout: Figure
    legend: tuple[tuple[str, str], ...] = ()
    wide: bool = False
    choice: bool = False

    def traces(self, label: str) -> list[int]:
        """Which traces a legend entry stands for: those of its group, else of its name."""
        return [
            index
            for index, trace in enumerate(self.data)
            if trace.get("legendgroup", trace.get("name")) in (label, plain(label))
        ]


def layout(height: int, **changes: Any) -> Figure:
    """Plotly layout with the page's type and colours; `changes` come on top."""
    return {
        "height": height,
        "font": {"family": FONT, "size": 13, "color": INK},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "hoverlabel": {"bgcolor": "#ffffff", "bordercolor": GRID, "font": {"color": INK}},
        "showlegend": False,
        "dragmode": False,
        **changes,
    }


def axis(**changes: Any) -> Figure:
    """A quiet axis: hairline grid, muted ticks, fixed range."""
    return {
        "automargin": True,
        "fixedrange": True,
        "gridcolor": GRID,
        "linecolor": GRID,
        "zeroline": False,
        "ticks": "",
        "tickfont": {"color": MUTED, "size": 12},
        "title": {"font": {"color": MUTED, "size": 12}, "standoff": 10},
        **changes,
    }


def axis_title(text: str) -> Figure:
    """An axis title in the page's style."""
    return {"text": text, "font": {"color": MUTED, "size": 12}, "standoff": 10}


def row_axis(labels: list[str], title: str, *, wrapped: bool = False, **changes: Any) -> Figure:
    """A y axis of named rows, first on top; rows are numbered, so names may repeat.

    `wrapped` puts the words of our own labels on two lines.
    """
    lines = [wrap(label, WORDS_OF_A_LINE) if wrapped else [shortened(label)] for label in labels]
    return axis(
        title=axis_title(title),
        tickvals=list(range(len(labels))),
        ticktext=["<br>".join(map(plain, words)) for words in lines],
        range=[len(labels) - 0.5, -0.5],
        showgrid=False,
        tickfont={"color": INK, "size": 13},
        ticklabelstandoff=8,
        **changes,
    )


def row_notes(notes: list[str]) -> list[Figure]:
    """A note to the right of each row, outside the plot."""
    return [
        {
            "x": 1.0, "xref": "paper", "xanchor": "left", "xshift": 10, "y": row, "yref": "y",
            "text": note, "showarrow": False, "align": "left", "font": {"size": 13},
        }
        for row, note in enumerate(notes)
    ]  # fmt: skip


def colour_bar(title: str, **changes: Any) -> Figure:
    """A narrow colour bar; the title names quantity and unit and runs along it."""
    return {
        "title": {"text": title, "side": "right", "font": {"color": MUTED, "size": 12}},
        "thickness": 10,
        "outlinewidth": 0,
        "nticks": 5,
        "len": 1.0,
        "tickfont": {"color": MUTED, "size": 12},
        **changes,
    }


def scale_for(values: list[float], unit: str) -> tuple[float, str]:
    """What to divide by for the prefix that suits the largest value, and the unit with it."""
    exponent = prefix_exponent(max(values, default=0.0))
    return 10.0**exponent, f"{PREFIXES[exponent]}{unit}"


def plain(text: str) -> str:
    """Text that plotly shows as it is: plotly reads some HTML in labels, but no quotes."""
    return escape(text, quote=False)


def layer_label(name: str) -> str:
    """A module's name in the network: a bare number in an nn.Sequential, empty for the whole."""
    if not name:
        return "network"
    return f"layer {name}" if name.replace(".", "").isdigit() else shortened(name)


def shortened(text: str) -> str:
    """A name that leaves room for the chart; its middle goes first."""
    if len(text) <= LONGEST_LABEL:
        return text
    half = (LONGEST_LABEL - 1) // 2
    return f"{text[:half]}…{text[-half:]}"
