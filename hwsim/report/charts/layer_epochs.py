"""Lines over the epochs, one per layer, coloured by depth."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwsim.report.charts.chart import Chart, Figure, axis, axis_title, layer_label, layout, plain
from hwsim.report.charts.layer_colour import ramp
from hwsim.report.charts.layer_steps import gaps
from hwsim.report.units import count
from trainers.diagnostics_file import SHARES, Diagnostics

HEIGHT = 290
MOST_TICKS = 10


@dataclass(frozen=True)
class LayerEpochs:
    """One chart: which series, and the words for it.

    Args:
        series: a name of trainers.diagnostics_file.SERIES.
        title: heading.
        axis: y axis with its unit.
    """

    series: str
    title: str
    axis: str


LINES = (
    LayerEpochs("rate", "Firing rate over epochs", "firing rate (%)"),
    LayerEpochs("available", "Neurons with gradient, over epochs", "share of neurons (%)"),
    LayerEpochs("threshold", "Threshold over epochs", "threshold (units of u)"),
    LayerEpochs("width", "Surrogate width over epochs", "width (units of u)"),
)


def layer_epochs_chart(diagnostics: Diagnostics, kind: LayerEpochs) -> Chart | None:
    """Mean over the time steps after each epoch; None without epochs."""
    if not len(diagnostics.epochs):
        return None
    values = diagnostics.series[kind.series].mean(axis=2) * (100 if kind.series in SHARES else 1)
    return Chart(
        key=f"{kind.series}-epochs",
        title=kind.title,
        caption=(
            f"One line per LIF layer, mean over its {count(diagnostics.histogram.shape[1])} time "
            f"steps, on the same {count(diagnostics.epoch_samples)} validation samples after each "
            "epoch."
        ),
        height=HEIGHT,
        data=_lines(diagnostics.epochs, values, diagnostics.layers),
        layout=_layout(diagnostics.epochs, kind.axis, rangemode="tozero"),
        legend=_legend(diagnostics.layers),
    )


def gradient_chart(diagnostics: Diagnostics) -> Chart | None:
    """Norms of weight gradients; None without epochs or weights."""
    norms = diagnostics.gradient_norm
    if not norms.size:
        return None
    return Chart(
        key="gradient-norms",
        title="Gradient norms over epochs",
        caption=(
            "L2 norm of each layer's weight gradients before clipping, mean over the epoch's "
            "mini-batches; logarithmic, a norm of 0 is a gap."
        ),
        height=HEIGHT,
        data=_lines(
            diagnostics.epochs, np.where(norms > 0, norms, np.nan), diagnostics.weight_layers
        ),
        layout=_layout(
            diagnostics.epochs,
            "gradient norm (loss per unit of weight)",
            type="log",
            dtick=1 if norms.max() > 100 * norms.min() else "D2",
            exponentformat="power",
        ),
        legend=_legend(diagnostics.weight_layers),
    )


def _lines(
    epochs: NDArray[np.int64], values: NDArray[np.float64], layers: tuple[str, ...]
) -> list[Figure]:
    lines = zip(map(layer_label, layers), ramp(len(layers)), strict=True)
    return [
        {
            "type": "scatter", "mode": "lines" if len(epochs) > 1 else "markers",
            "x": epochs.tolist(), "y": gaps(values[:, index]), "name": plain(label),
            "line": {"color": colour, "width": 2}, "marker": {"color": colour},
            "hovertemplate": f"{plain(label)}, epoch %{{x}}: %{{y:.4g}}<extra></extra>",
        }
        for index, (label, colour) in enumerate(lines)
    ]  # fmt: skip


def _layout(epochs: NDArray[np.int64], title: str, **changes: object) -> Figure:
    whole = {"dtick": 1} if len(epochs) <= MOST_TICKS else {}
    return layout(
        HEIGHT,
        xaxis=axis(title=axis_title("epoch"), showgrid=False, **whole),
        yaxis=axis(title=axis_title(title), **changes),
    )


def _legend(layers: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple(zip(map(layer_label, layers), ramp(len(layers)), strict=True))
