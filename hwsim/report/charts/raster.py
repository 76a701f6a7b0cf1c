"""Spikes of single samples, layer under layer."""

from hwsim.report.alternatives import Raster
from hwsim.report.charts.chart import (
    ACCENT,
    Chart,
    Figure,
    axis,
    axis_title,
    layout,
    plain,
    row_axis,
)
from hwsim.report.model import Report
from hwsim.report.units import count

GAP = 0.12
BAND_PX = (18, 84)
"""Least and most of a layer's band."""
ROWS_PX = 560
WINDOW = "#e9ecef"
MAX_STEPS_ON_HALF_A_PAGE = 24
MAX_STEPS_APART = 100
MOST_CELLS = 60_000
"""Of all samples: the page stays small."""


def raster_chart(report: Report) -> Chart | None:
    """A band per layer, a mark per spike; the legend chooses the sample. None without samples."""
    if not report.raster:
        return None
    layers = list(dict.fromkeys(raster.layer for raster in report.raster))
    samples = list(dict.fromkeys(raster.sample for raster in report.raster))
    steps = max(
        [report.latency_s.steps, *(max(raster.steps, default=0) for raster in report.raster)]
    )
    band_px = min(max(ROWS_PX // len(layers), BAND_PX[0]), BAND_PX[1])
    height = 70 + band_px * max(len(layers), 2)
    every = -(-steps * sum(raster.neurons for raster in report.raster) // MOST_CELLS)
    most = max(-(-raster.neurons // every) for raster in report.raster)
    return Chart(
        key="raster",
        title="Spikes of single samples",
        caption=(
            "One mark per spike, in chip steps. Shaded: the steps in which a layer works on the "
            f"sample. Up to {count(most)} neurons of a layer are drawn, evenly spaced; emulated."
        ),
        height=height,
        data=[
            _band(
                thinned(raster, every), layers.index(raster.layer), steps,
                shown=raster.sample == samples[0],
            )
            for raster in report.raster
        ],
        layout=layout(
            height,
            xaxis=axis(
                title=axis_title("chip step"), showgrid=False, range=[0.5, steps + 0.5],
                **({"dtick": 1, "tick0": 1} if steps <= 12 else {"nticks": 10}),
            ),
            yaxis=row_axis(layers, "layer"),
            shapes=[
                _window(layers.index(layer.name), layer.depth, report.network.time_steps)
                for layer in report.layers if layer.name in layers
            ],
        ),
        legend=tuple((_sample(sample), ACCENT) for sample in samples),
        wide=steps > MAX_STEPS_ON_HALF_A_PAGE,
        choice=True,
    )  # fmt: skip


def thinned(raster: Raster, every: int) -> Raster:
    """One in `every` of its neurons."""
    kept = [(s, r) for s, r in zip(raster.steps, raster.rows, strict=True) if r % every == 0]
    return raster.model_copy(
        update={
            "neurons": -(-raster.neurons // every),
            "steps": tuple(step for step, _ in kept),
            "rows": tuple(row // every for _, row in kept),
        }
    )


def _band(raster: Raster, row: int, steps: int, *, shown: bool) -> Figure:
    """The drawn neurons from top to bottom of the layer's row; a mark's z is its neuron."""
    rows = max(raster.neurons, 1)
    marks: list[list[int | None]] = [[None] * steps for _ in range(rows)]
    for step, neuron in zip(raster.steps, raster.rows, strict=True):
        marks[neuron][step - 1] = neuron + 1
    pitch = (1 - GAP) / rows
    name = plain(raster.layer)
    return {
        "type": "heatmap", "name": _sample(raster.sample), "visible": shown,
        "x": list(range(1, steps + 1)),
        "y": [row - 0.5 + GAP / 2 + pitch * (neuron + 0.5) for neuron in range(rows)],
        "z": marks, "zmin": 0, "zmax": rows, "colorscale": [[0, ACCENT], [1, ACCENT]],
        "showscale": False, "hoverongaps": False, "xgap": 3 if steps <= MAX_STEPS_APART else 0,
        "hovertemplate": f"{name}, step %{{x}}<br>neuron %{{z}} of the {rows} drawn, "
        f"{raster.of} in all<extra></extra>",
    }  # fmt: skip


def _window(row: int, depth: int, time_steps: int) -> Figure:
    return {
        "type": "rect", "layer": "below", "fillcolor": WINDOW, "line": {"width": 0},
        "x0": depth + 0.5, "x1": depth + time_steps + 0.5,
        "y0": row - 0.5 + GAP / 2, "y1": row + 0.5 - GAP / 2,
    }  # fmt: skip


def _sample(number: int) -> str:
    return f"Sample {number}"
