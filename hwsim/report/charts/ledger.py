"""Spikes that each transformation changed, layer by layer."""

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
from hwsim.report.charts.spikes import BLUES, MAX_STEPS_ON_HALF_A_PAGE
from hwsim.report.model import EmulatedReport


def ledger_chart(report: EmulatedReport) -> Chart | None:
    """Heat map, layers down and transformations across; None without a ledger."""
    entries = [entry for entry in report.ledger if entry.changed]
    if not entries:
        return None
    layers = list(entries[0].changed)
    names = [entry.name for entry in entries]
    shares = [[100 * entry.changed.get(layer, 0.0) for entry in entries] for layer in layers]
    height = 96 + ROW_PX * max(len(layers), 3)
    heat = {
        "type": "heatmap", "z": shares,
        "x": list(range(len(entries))), "y": list(range(len(layers))),
        "texttemplate": "%{z:.2f}", "textfont": {"size": 12},
        "customdata": [[f"{plain(layer)}, {plain(name)}" for name in names] for layer in layers],
        "hovertemplate": "%{customdata}<br>%{z:.4f} % of spikes changed<extra></extra>",
        "colorscale": BLUES, "zmin": 0, "zmax": max(max(map(max, shares)), 1.0),
        "xgap": 2, "ygap": 2,
        "colorbar": colour_bar("spikes changed (%)"),
    }  # fmt: skip
    return Chart(
        key="ledger",
        title="Spikes changed by each transformation",
        caption=(
            "In %: spikes that only one of two networks fired, before or after the "
            "transformation, over those that either fired. All test samples."
        ),
        height=height,
        data=[heat],
        layout=layout(
            height,
            xaxis=axis(
                title=axis_title("transformation"), showgrid=False,
                tickvals=list(range(len(names))), ticktext=[plain(name) for name in names],
            ),
            yaxis=row_axis(layers, "layer"),
            meta={"columns": len(entries)},
        ),
        wide=len(entries) > MAX_STEPS_ON_HALF_A_PAGE,
    )  # fmt: skip
