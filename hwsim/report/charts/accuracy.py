"""Accuracy of the trained, the frozen and the emulated network."""

import math

from hwsim.report.charts.chart import (
    ACCENT,
    MUTED,
    ROW_PX,
    Chart,
    axis,
    axis_title,
    layout,
    row_axis,
    row_notes,
)
from hwsim.report.model import EmulatedReport
from hwsim.report.terms import stages
from hwsim.report.units import count, percent

Z_95 = 1.959964
"""Half-width of the central 95 % of a normal distribution, in standard deviations."""


def accuracy_chart(report: EmulatedReport) -> Chart | None:
    """Bars from 0 to 100 % with values and differences beside them; None if nothing measured."""
    measured = {stage.label: getattr(report.accuracy, stage.key) for stage in stages(report)}
    shares = {label: share for label, share in measured.items() if share is not None}
    if not shares:
        return None
    height = 80 + ROW_PX * 4 // 3 * len(shares)
    bars = {
        "type": "bar", "orientation": "h",
        "x": [100 * share for share in shares.values()], "y": list(range(len(shares))),
        "marker": {"color": ACCENT}, "width": 0.56,
        "customdata": list(shares),
        "hovertemplate": "%{customdata}: %{x:.2f} %<extra></extra>",
    }  # fmt: skip
    samples = report.accuracy.samples
    return Chart(
        key="accuracy",
        title="Accuracy at each stage",
        caption=_caption(list(shares), samples),
        height=height,
        data=[bars],
        layout=layout(
            height,
            xaxis=axis(
                title=axis_title("accuracy (%)"),
                range=[0, 100.5],
                tickvals=[0, 25, 50, 75, 100],
                ticktext=["0", "", "50", "", "100"],
                tickangle=0,
            ),
            yaxis=row_axis(list(shares), "stage"),
            annotations=row_notes(_notes(list(shares.values()), samples)),
            margin={"l": 8, "r": 158, "t": 8, "b": 8},
        ),
    )


def wilson(share: float, samples: int) -> tuple[float, float]:
    """95 % interval of a proportion (Wilson score): which true accuracies suit the test set.

    (p + z^2/2n +- z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n)
    """
    centre = share + Z_95**2 / (2 * samples)
    spread = Z_95 * math.sqrt(share * (1 - share) / samples + (Z_95 / (2 * samples)) ** 2)
    scale = 1 + Z_95**2 / samples
    # Rounding may put a bound a hair outside 0..1.
    return max((centre - spread) / scale, 0.0), min((centre + spread) / scale, 1.0)


def _notes(shares: list[float], samples: int | None) -> list[str]:
    """The value, from the second stage on the difference to the first, and the interval."""
    notes = []
    for position, share in enumerate(shares):
        change = f"  {_change(share - shares[0])}" if position else ""
        interval = f"<br>{_interval(share, samples)}" if samples else ""
        notes.append(f"<b>{percent(share, 2)}</b>{change}{interval}")
    return notes


def _change(difference: float) -> str:
    points = round(100 * difference, 2)
    if points == 0:
        return "unchanged"
    return f"{points:+.2f} points".replace("-", "\N{MINUS SIGN}")


def _interval(share: float, samples: int) -> str:
    low, high = wilson(share, samples)
    text = f"{100 * low:.1f} to {percent(high)}"
    return f'<span style="font-size: 12px; color: {MUTED}">{text}</span>'


def _caption(stages: list[str], samples: int | None) -> str:
    compared = f" Differences are to the {stages[0]} network." if len(stages) > 1 else ""
    if not samples:
        return f"Share classified right, axis from 0 to 100 %.{compared}"
    return (
        f"Share of {count(samples)} test samples classified right, axis from 0 to 100 %.{compared} "
        "In grey: 95 % interval for a test set of this size."
    )
