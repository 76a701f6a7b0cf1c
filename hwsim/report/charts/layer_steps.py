"""Heat maps at the end of training: layers down, time steps across."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwsim.report.charts.chart import (
    ROW_PX,
    Chart,
    Figure,
    axis,
    axis_title,
    layer_label,
    layout,
    plain,
    row_axis,
)
from hwsim.report.charts.spikes import (
    BLUES,
    MAX_STEPS_ON_HALF_A_PAGE,
    MAX_STEPS_WITH_NUMBERS,
)
from hwsim.report.units import count
from trainers.diagnostics_file import SHARES, Diagnostics

DIVERGING = [
    [0.0, "#8f4a12"],
    [0.25, "#dca872"],
    [0.5, "#f6f6f4"],
    [0.75, "#86a9cc"],
    [1.0, "#1f4a78"],
]


@dataclass(frozen=True)
class LayerSteps:
    """One heat map: which series, and how it is explained.

    Args:
        series: a name of trainers.diagnostics_file.SERIES.
        title: heading.
        caption: what the number is.
    """

    series: str
    title: str
    caption: str


HEAT_MAPS = (
    LayerSteps("rate", "Firing rate per layer and step", "Spikes per neuron and step."),
    LayerSteps(
        "available",
        "Neurons with gradient, per layer and step",
        "Share of neurons inside the gradient-available interval: the surrogate's derivative is "
        "at least half its value at the threshold. For a rectangle of width k that is exactly "
        "|u \N{MINUS SIGN} threshold| < k/2.",
    ),
    LayerSteps(
        "membrane_mean",
        "Membrane mean per layer and step",
        "Mean of u, the membrane before reset.",
    ),
    LayerSteps(
        "membrane_std",
        "Membrane deviation per layer and step",
        "Standard deviation of u, the membrane before reset.",
    ),
    LayerSteps(
        "threshold",
        "Threshold per layer and step",
        "Threshold in evaluation, mean over neurons.",
    ),
    LayerSteps(
        "width",
        "Surrogate width per layer and step",
        "Full width of the gradient-available interval.",
    ),
)


def layer_steps_chart(
    diagnostics: Diagnostics, kind: LayerSteps, kept: str = "the last epoch"
) -> Chart:
    """One heat map of the final probe, after the epoch whose network the run keeps."""
    share = kind.series in SHARES
    values = diagnostics.final[kind.series] * (100 if share else 1)
    steps = values.shape[1]
    numbered = steps <= MAX_STEPS_WITH_NUMBERS
    labels = [layer_label(name) for name in diagnostics.layers]
    height = 96 + ROW_PX * max(len(values), 3)
    return Chart(
        key=f"{kind.series.replace('_', '-')}-steps",
        title=kind.title,
        caption=(
            f"{kind.caption} After {kept}, {count(diagnostics.final_samples)} validation samples."
        ),
        height=height,
        data=[_heat(values, labels, "%" if share else "u", numbered)],
        layout=layout(
            height,
            xaxis=axis(
                title=axis_title("time step (1 to T)"), showgrid=False,
                **({"dtick": 1, "tick0": 1} if numbered else {}),
            ),
            yaxis=row_axis(labels, "LIF layer"),
            meta={"columns": steps},
        ),
        wide=steps > MAX_STEPS_ON_HALF_A_PAGE,
    )  # fmt: skip


def _heat(values: NDArray[np.float64], labels: list[str], unit: str, numbered: bool) -> Figure:
    largest = _largest(values)
    signed = bool((values < 0).any())
    format_of_number = ".1f" if unit == "%" else ".3g"
    return {
        "type": "heatmap", "z": gaps(values),
        "x": list(range(1, values.shape[1] + 1)), "y": list(range(len(labels))),
        "texttemplate": f"%{{z:{format_of_number}}}" if numbered else "", "textfont": {"size": 12},
        "customdata": [[plain(label)] * values.shape[1] for label in labels],
        "hovertemplate": f"%{{customdata}}, step %{{x}}<br>%{{z:.4g}} {unit}<extra></extra>",
        "colorscale": DIVERGING if signed else BLUES,
        "zmin": -largest if signed else 0, "zmax": largest,
        "xgap": 2 if numbered else 0, "ygap": 2,
        "colorbar": {
            "title": {"text": unit, "font": {"size": 12}}, "thickness": 10, "outlinewidth": 0,
            "nticks": 5, "len": 1.0, "tickfont": {"size": 12},
        },
    }  # fmt: skip


def gaps(values: NDArray[np.float64]) -> list[Any]:
    """Nested lists with None for what isn't finite: JSON has no word for it."""
    known = values.astype(object)
    known[~np.isfinite(values)] = None
    nested: list[Any] = known.tolist()
    return nested


def _largest(values: NDArray[np.float64]) -> float:
    finite = np.abs(values[np.isfinite(values)])
    largest = float(finite.max()) if finite.size else 0.0
    return largest if largest > 0 and math.isfinite(largest) else 1.0
