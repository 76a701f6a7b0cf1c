"""Where the membranes lie around their thresholds: one row per layer, one line per time step."""

import numpy as np
from numpy.typing import NDArray

from hwsim.report.charts.chart import (
    INK,
    Chart,
    Figure,
    axis,
    axis_title,
    layer_label,
    layout,
    plain,
)
from hwsim.report.charts.layer_colour import STEPS, ramp
from hwsim.report.units import count, percent
from trainers.diagnostics_file import Diagnostics

ROW = 118
GAP = 26
FRAME = 70
MOST_STEPS = 8
INTERVAL = "rgba(217, 164, 65, 0.18)"


def membrane_histogram_chart(diagnostics: Diagnostics, kept: str = "the last epoch") -> Chart:
    """Distributions of u - threshold after the epoch whose network the run keeps."""
    rows, all_steps = diagnostics.histogram.shape[:2]
    steps = np.unique(np.linspace(0, all_steps - 1, min(all_steps, MOST_STEPS)).round().astype(int))
    colours = ramp(len(steps), STEPS)
    height = FRAME + rows * (ROW + GAP)
    domains = _domains(rows)
    axes = {
        _numbered("yaxis", row): axis(
            domain=domains[row], title=axis_title("share (%)"), rangemode="tozero", nticks=4
        )
        for row in range(rows)
    }
    return Chart(
        key="membrane-histograms",
        title="Membranes around the threshold, layer by layer",
        caption=(
            "Distribution of u \N{MINUS SIGN} threshold over "
            f"{count(diagnostics.final_samples)} validation samples and all neurons, after "
            f"{kept}: per cent in each bin. Right of the dashed line neurons fire; shaded is "
            f"the gradient-available interval{_mean_of(all_steps)}."
            + (f" {len(steps)} of {all_steps} steps are drawn." if len(steps) < all_steps else "")
        ),
        height=height,
        data=[
            trace
            for row in range(rows)
            for trace in _lines(diagnostics, row, steps, colours)
        ],
        layout=layout(
            height,
            xaxis=axis(
                title=axis_title("u \N{MINUS SIGN} threshold (units of u)"),
                range=[diagnostics.edges[0], diagnostics.edges[-1]],
                anchor=_numbered("y", rows - 1),
            ),
            **axes,
            shapes=[_threshold_line(), *(_interval(diagnostics, row) for row in range(rows))],
            annotations=[_row_title(diagnostics, row, domains[row][1]) for row in range(rows)],
        ),
        legend=tuple(
            (f"Step {step + 1}", colour) for step, colour in zip(steps, colours, strict=True)
        ),
        wide=True,
    )  # fmt: skip


def _lines(
    diagnostics: Diagnostics, row: int, steps: NDArray[np.int64], colours: list[str]
) -> list[Figure]:
    centres = (diagnostics.edges[:-1] + diagnostics.edges[1:]) / 2
    counts = diagnostics.histogram[row]
    name = plain(layer_label(diagnostics.layers[row]))
    return [
        {
            "type": "scatter", "mode": "lines", "yaxis": _numbered("y", row),
            "x": centres.tolist(),
            "y": (100 * counts[step, 1:-1] / counts[step].sum()).tolist(),
            "line": {"color": colour, "width": 1.5, "shape": "hvh"}, "name": f"step {step + 1}",
            "legendgroup": f"Step {step + 1}",
            "hovertemplate": f"{name}, step {step + 1}<br>%{{x:.2f}}: %{{y:.2f}} %<extra></extra>",
        }
        for step, colour in zip(steps, colours, strict=True)
        if counts[step].sum()
    ]  # fmt: skip


def _domains(rows: int) -> list[list[float]]:
    """Top and bottom of each row as shares of the plot, the first row on top."""
    pitch, gap = 1 / rows, GAP / (rows * (ROW + GAP))
    return [[1 - (row + 1) * pitch, 1 - row * pitch - gap] for row in range(rows)]


def _threshold_line() -> Figure:
    return {
        "type": "line", "x0": 0, "x1": 0, "xref": "x", "y0": 0, "y1": 1, "yref": "paper",
        "line": {"color": INK, "width": 1, "dash": "dash"},
    }  # fmt: skip


def _interval(diagnostics: Diagnostics, row: int) -> Figure:
    reach = float(diagnostics.edges[-1])
    half = min(float(np.nan_to_num(diagnostics.final["width"][row].mean() / 2)), reach)
    return {
        "type": "rect", "x0": -half, "x1": half, "xref": "x", "y0": 0, "y1": 1,
        "yref": f"{_numbered('y', row)} domain", "fillcolor": INTERVAL, "line": {"width": 0},
        "layer": "below",
    }  # fmt: skip


def _row_title(diagnostics: Diagnostics, row: int, top: float) -> Figure:
    counts = diagnostics.histogram[row].sum(axis=0)
    total = int(counts.sum())
    below, above = (
        f"{edge:g}".replace("-", "\N{MINUS SIGN}") for edge in diagnostics.edges[[0, -1]]
    )
    beyond = [
        f"{percent(int(number) / total)} {word}"
        for number, word in ((counts[0], f"below {below}"), (counts[-1], f"above {above}"))
        if number
    ]
    note = ", ".join(beyond) if total else "never ran"
    return {
        "x": 0, "xref": "paper", "xanchor": "left", "y": top, "yref": "paper", "yanchor": "bottom",
        "text": f"<b>{plain(layer_label(diagnostics.layers[row]))}</b>  {note}", "showarrow": False,
        "font": {"size": 12}, "bgcolor": "rgba(255, 255, 255, 0.85)",
    }  # fmt: skip


def _mean_of(steps: int) -> str:
    return ", mean over steps" if steps > 1 else ""


def _numbered(name: str, row: int) -> str:
    return name if row == 0 else f"{name}{row + 1}"
