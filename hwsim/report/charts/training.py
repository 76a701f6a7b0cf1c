"""Loss and accuracy over the epochs of training."""

import math

from hwsim.report.charts.chart import (
    ACCENT,
    SECOND,
    Chart,
    Figure,
    axis,
    axis_title,
    layout,
)
from hwsim.report.model import EmulatedReport, TrainingCurve

Series = tuple[float | None, ...]


def training_chart(report: EmulatedReport) -> Chart | None:
    """The curve of a report; None when none was stored."""
    curve = report.training
    return None if curve is None or not curve.epochs else curve_chart(curve)


def curve_chart(curve: TrainingCurve, *, wide: bool = False) -> Chart:
    """Two panels on one epoch axis."""
    height = 320
    train, validation = _percents(curve.train_accuracy), _percents(curve.validation_accuracy)
    floor = _axis_floor(train + validation)
    return Chart(
        key="training",
        title="Training",
        caption=(
            f"Loss (above) and accuracy (below, axis from {floor} %) after each epoch. "
            + _kept_epoch(curve)
        ),
        height=height,
        data=_lines(curve, train, validation),
        layout=layout(
            height,
            xaxis=axis(title=axis_title("epoch"), showgrid=False, anchor="y2"),
            yaxis=axis(title=axis_title("loss"), domain=[0.58, 1.0], rangemode="tozero"),
            yaxis2=axis(
                title=axis_title("accuracy (%)"), domain=[0.0, 0.44],
                range=[floor, 101],
            ),
        ),
        legend=(("Training", ACCENT), ("Validation", SECOND)),
        wide=wide,
    )  # fmt: skip


def _lines(curve: TrainingCurve, train: Series, validation: Series) -> list[Figure]:
    series = (
        ("Training", ACCENT, curve.train_loss, "y"),
        ("Validation", SECOND, curve.validation_loss, "y"),
        ("Training", ACCENT, train, "y2"),
        ("Validation", SECOND, validation, "y2"),
    )
    return [
        _line(name, colour, curve, values, panel)
        for name, colour, values, panel in series
        if values
    ]


def _line(name: str, colour: str, curve: TrainingCurve, values: Series, panel: str) -> Figure:
    shown = "%{y:.4g}" if panel == "y" else "%{y:.2f} %"
    return {
        "type": "scatter", "mode": "lines" if len(values) > 1 else "markers",
        "x": list(curve.epochs), "y": list(values), "yaxis": panel, "name": name,
        "line": {"color": colour, "width": 2},
        "hovertemplate": f"{name.lower()}, epoch %{{x}}: {shown}<extra></extra>",
    }  # fmt: skip


def _percents(shares: Series) -> Series:
    return tuple(None if share is None else 100 * share for share in shares)


def _axis_floor(percents: Series) -> int:
    """The ten below the lowest accuracy, so that the axis hides no epoch."""
    lowest = min((value for value in percents if value is not None), default=0.0)
    return 10 * math.floor(lowest / 10)


def _kept_epoch(curve: TrainingCurve) -> str:
    accuracies = {
        "training": curve.train_accuracy,
        "validation": curve.validation_accuracy,
    }
    index = -1 if curve.best_epoch is None else curve.epochs.index(curve.best_epoch)
    kept = {name: series[index] for name, series in accuracies.items() if series}
    parts = [f"{name} {100 * share:.2f} %" for name, share in kept.items() if share is not None]
    return f"Accuracy after {curve.kept}: {', '.join(parts)}." if parts else ""
