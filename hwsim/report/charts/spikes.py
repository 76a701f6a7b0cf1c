"""Spikes of every layer in every step."""

from hwsim.report.charts.chart import (
    ROW_PX,
    Chart,
    axis,
    axis_title,
    colour_bar,
    layout,
    plain,
    row_axis,
)
from hwsim.report.model import EmulatedReport
from hwsim.report.units import count

BLUES = [[0.0, "#f3f6f9"], [0.35, "#b9cfe4"], [0.7, "#5f90bf"], [1.0, "#1f4a78"]]
MAX_STEPS_WITH_NUMBERS = 24
MAX_STEPS_ON_HALF_A_PAGE = 6


def spikes_chart(report: EmulatedReport) -> Chart:
    """Heat map, layers down and steps across; colour is the share of neurons that fired."""
    layers = report.layers
    rates = [[100 * s / layer.neurons for s in layer.spikes_per_step] for layer in layers]
    steps = list(range(1, report.network.time_steps + 1))
    numbered = len(steps) <= MAX_STEPS_WITH_NUMBERS
    height = 84 + ROW_PX * max(len(layers), 3)
    heat = {
        "type": "heatmap", "z": rates, "x": steps, "y": list(range(len(layers))),
        "text": [[count(spikes) for spikes in layer.spikes_per_step] for layer in layers],
        "texttemplate": "%{text}" if numbered else "", "textfont": {"size": 12},
        "customdata": [[plain(layer.name)] * len(steps) for layer in layers],
        "hovertemplate": "%{customdata}, step %{x}<br>%{text} spikes, %{z:.1f} % of its neurons"
        "<extra></extra>",
        "colorscale": BLUES, "zmin": 0, "zmax": max(max(map(max, rates)), 1.0),
        "xgap": 2 if numbered else 0, "ygap": 2,
        "colorbar": colour_bar("neurons that fired (%)"),
    }  # fmt: skip
    return Chart(
        key="spikes",
        title="Spikes per layer and step",
        caption=(
            "Colour: share of the layer's neurons that fired. "
            + ("Numbers, where they fit: spikes. " if numbered else "")
            + f"Counted, mean of {count(report.simulated_samples)} samples. Steps are the "
            "layer's own; on the chip each layer starts one step after the one that feeds it."
        ),
        height=height,
        data=[heat],
        layout=layout(
            height,
            xaxis=axis(
                title=axis_title("time step (1 to T)"), showgrid=False,
                **({"dtick": 1, "tick0": 1} if numbered else {}),
            ),
            yaxis=row_axis([layer.name for layer in layers], "layer"),
            meta={"columns": len(steps)},
        ),
        wide=len(steps) > MAX_STEPS_ON_HALF_A_PAGE,
    )  # fmt: skip
