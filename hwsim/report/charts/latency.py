"""Time of every chip step."""

from collections import Counter

from hwsim.report.charts.chart import (
    ACCENT,
    SECOND,
    Chart,
    Figure,
    axis,
    axis_title,
    layout,
    plain,
    scale_for,
)
from hwsim.report.model import Report
from hwsim.report.units import count, si

MAX_STEPS_WITH_NUMBERS = 8
MAX_STEPS_ON_HALF_A_PAGE = 40


def latency_chart(report: Report) -> Chart:
    """One bar per chip step: its busiest core's time, the barrier on top."""
    barrier_s = report.latency_s.barrier_per_step
    steps_s = [step.latency_s for step in report.steps]
    scale, unit = scale_for(steps_s, "s")
    layer, times = Counter(step.busiest_layer for step in report.steps).most_common(1)[0]
    height = 270
    return Chart(
        key="latency",
        title="Time per chip step (estimate)",
        caption=(
            f"{count(len(steps_s))} chip steps, {si(report.latency_s.total, 's')} in all. Each "
            f"lasts as long as its busiest core and then waits {si(barrier_s, 's')} at the "
            f"barrier. The busiest core belongs to {layer} in {times} of {len(steps_s)} steps."
            f"{_bounds(report)}"
        ),
        height=height,
        data=[_cores(report, barrier_s, scale), _barrier(report, barrier_s, scale)],
        layout=layout(
            height,
            barmode="stack",
            bargap=0.35 if len(steps_s) <= 24 else 0.1,
            xaxis=axis(
                title=axis_title("chip step"), showgrid=False,
                **({"dtick": 1} if len(steps_s) <= 24 else {}),
            ),
            meta={"columns": len(steps_s), "margins": 60},
            yaxis=axis(title=axis_title(f"time ({unit})"), range=[0, 1.1 * max(steps_s) / scale]),
        ),
        legend=(("Busiest core", ACCENT), ("Barrier", SECOND)),
        wide=len(steps_s) > MAX_STEPS_ON_HALF_A_PAGE,
    )  # fmt: skip


def _bounds(report: Report) -> str:
    latency = report.latency_s
    links = (
        f" In {count(latency.link_bound_steps)} steps the busiest link sets the time, not a core."
        if latency.link_bound_steps
        else ""
    )
    if latency.throttle is None:
        return links
    return f"{links} No step is shorter than the real-time {si(latency.throttle, 's')}."


def _cores(report: Report, barrier_s: float, scale: float) -> Figure:
    return {
        "type": "bar", "name": "Busiest core", "marker": {"color": ACCENT},
        "x": [step.step for step in report.steps],
        "y": [(step.latency_s - barrier_s) / scale for step in report.steps],
        "text": [si(step.latency_s, "s") for step in report.steps],
        "textposition": "none",
        "customdata": [plain(step.busiest_layer) for step in report.steps],
        "hovertemplate": "step %{x}: %{text}<br>busiest core in %{customdata}<extra></extra>",
    }  # fmt: skip


def _barrier(report: Report, barrier_s: float, scale: float) -> Figure:
    shown = len(report.steps) <= MAX_STEPS_WITH_NUMBERS
    return {
        "type": "bar", "name": "Barrier", "marker": {"color": SECOND},
        "x": [step.step for step in report.steps],
        "y": [barrier_s / scale for _ in report.steps],
        "text": [si(step.latency_s, "s") for step in report.steps],
        "textposition": "outside" if shown else "none", "cliponaxis": False,
        "textfont": {"size": 12},
        "hovertemplate": f"barrier: {si(barrier_s, 's')}<extra></extra>",
    }  # fmt: skip
