"""Time line of the longest step on the busiest cores."""

from collections.abc import Sequence

from hwsim.report.charts.chart import (
    Chart,
    Figure,
    axis,
    axis_title,
    layout,
    plain,
    row_axis,
    scale_for,
)
from hwsim.report.chip_cost import CoreLine, Segment
from hwsim.report.model import Report
from hwsim.report.units import count, si

COLOURS = {
    "neuron updates": "#4f9d8e",
    "active updates": "#8cc3b8",
    "spikes": "#a5678e",
    "messages out": "#d9a441",
    "messages in": "#b5563c",
    "synaptic operations": "#2f5d8c",
}
"""Synaptic operations, updates and messages as in the energy charts."""
OTHER = "#6b7480"
BARRIER, BARRIER_COLOUR = "Barrier", "#9aa3ad"
ROW = 0.78
ROW_PX = 40


def time_line_chart(report: Report) -> Chart | None:
    """A row per core, a bar per stretch of work; work that overlaps lies on lanes of its own."""
    line = report.step_line
    works = list(dict.fromkeys(part.work for core in line.cores for part in core.segments))
    if not works:
        return None
    scale, unit = scale_for([line.length_s], "s")
    colours = {work: COLOURS.get(work, OTHER) for work in works}
    height = 84 + ROW_PX * max(len(line.cores), 2)
    legend = [(_capital(work), colour) for work, colour in colours.items()]
    return Chart(
        key="time-line",
        title="The longest step, core by core (estimate)",
        caption=(
            f"Chip step {line.step}, {si(line.length_s, 's')}, on its {count(len(line.cores))} "
            "busiest cores, mean over samples. Work that runs side by side lies on lanes of its "
            f"own. All cores meet at the barrier, {si(line.barrier_s, 's')}."
        ),
        height=height,
        data=[
            *(_work(line.cores, work, colour, scale) for work, colour in colours.items()),
            *([_barrier(report, scale)] if line.barrier_s else []),
        ],
        layout=layout(
            height,
            barmode="overlay",
            xaxis=axis(
                title=axis_title(f"time within the step ({unit})"), nticks=6,
                range=[0, 1.01 * line.length_s / scale],
            ),
            yaxis=row_axis([f"{core.core}: {core.layer}" for core in line.cores], "core: layer"),
            margin={"l": 8, "r": 12, "t": 8, "b": 8},
        ),
        legend=tuple(legend + ([(BARRIER, BARRIER_COLOUR)] if line.barrier_s else [])),
    )  # fmt: skip


def lanes(segments: Sequence[Segment]) -> list[int]:
    """For each segment the lane that was free last when it starts: work goes on where it was."""
    free: list[float] = []
    chosen = [0] * len(segments)
    for index in sorted(range(len(segments)), key=lambda i: segments[i].start_s):
        start = segments[index].start_s
        # A hair of slack: ends and starts are sums of floats.
        open_lanes = [i for i, end in enumerate(free) if end <= start + 1e-15]
        lane = max(open_lanes, key=lambda i: free[i], default=len(free))
        free[lane : lane + 1] = [start + segments[index].seconds]
        chosen[index] = lane
    return chosen


def _work(cores: Sequence[CoreLine], work: str, colour: str, scale: float) -> Figure:
    bars = []
    for row, core in enumerate(cores):
        parts = [part for part in core.segments if part.seconds > 0]
        chosen = lanes(parts)
        lane_height = ROW / (max(chosen, default=0) + 1)
        bars += [
            (core, part, row - ROW / 2 + lane_height * (lane + 0.5), 0.92 * lane_height)
            for part, lane in zip(parts, chosen, strict=True)
            if part.work == work
        ]
    return {
        "type": "bar", "orientation": "h", "name": plain(_capital(work)),
        "marker": {"color": colour},
        "base": [part.start_s / scale for _, part, _, _ in bars],
        "x": [part.seconds / scale for _, part, _, _ in bars],
        "y": [place for *_, place, _ in bars], "width": [width for *_, width in bars],
        "customdata": [
            f"core {core.core} in {plain(core.layer)}<br>{plain(work)}: {si(part.seconds, 's')}, "
            f"from {si(part.start_s, 's')} on"
            for core, part, _, _ in bars
        ],
        "hovertemplate": "%{customdata}<extra></extra>",
    }  # fmt: skip


def _barrier(report: Report, scale: float) -> Figure:
    line = report.step_line
    rows = range(len(line.cores))
    return {
        "type": "bar", "orientation": "h", "name": BARRIER, "marker": {"color": BARRIER_COLOUR},
        "base": [(line.length_s - line.barrier_s) / scale for _ in rows],
        "x": [line.barrier_s / scale for _ in rows], "y": list(rows), "width": ROW,
        "hovertemplate": f"barrier: {si(line.barrier_s, 's')}<extra></extra>",
    }  # fmt: skip


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
