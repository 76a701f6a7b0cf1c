"""Tornado chart: which assumption moves the total energy most."""

from hwsim.report.charts.chart import (
    ACCENT,
    INK,
    SECOND,
    Chart,
    Figure,
    axis,
    axis_title,
    layout,
    plain,
    scale_for,
)
from hwsim.report.charts.headed_rows import BAR_PX, HeadedRows, headed_rows
from hwsim.report.chip_cost import Sensitivity
from hwsim.report.model import Report
from hwsim.report.units import count, si

MOST_ROWS = 12
FRAME = 92


def sensitivity_chart(report: Report) -> Chart | None:
    """Two bars per assumption from the nominal total, widest swing first; None without any."""
    moving = sorted(
        (row for row in report.sensitivity if row.swing_j > 0), key=lambda row: -row.swing_j
    )
    if not moving:
        return None
    drawn, nominal_j = moving[:MOST_ROWS], report.energy_j.total
    rows = headed_rows([(row.assumption, _ends(row)) for row in drawn])
    scale, unit = scale_for([nominal_j, *(max(row.low_j, row.high_j) for row in drawn)], "J")
    height = FRAME + rows.height
    left_out = len(moving) - len(drawn)
    return Chart(
        key="sensitivity",
        title="What moves the total most (estimate)",
        caption=(
            "Energy of one inference with one assumption at either end of its range and all "
            "others as given, widest swing first."
            + (f" {count(left_out)} that move it less are left out." if left_out else "")
        ),
        height=height,
        data=[
            _bars("Low end", ACCENT, drawn, rows, nominal_j, scale),
            _bars("High end", SECOND, drawn, rows, nominal_j, scale),
        ],
        layout=layout(
            height,
            barmode="overlay",
            xaxis=axis(title=axis_title(f"energy per inference ({unit})"), nticks=6),
            yaxis=rows.axis("assumption"),
            shapes=[_nominal_line(nominal_j / scale, centre) for centre in rows.centres],
            annotations=[*rows.headings, _nominal_note(nominal_j, scale, drawn)],
            margin={"l": 8, "r": 12, "t": 26, "b": 8},
        ),
        legend=(("Low end", ACCENT), ("High end", SECOND)),
    )


def _ends(row: Sensitivity) -> str:
    return f"{row.low}: {si(row.low_j, 'J')}; {row.high}: {si(row.high_j, 'J')}"


def _bars(
    name: str,
    colour: str,
    drawn: list[Sensitivity],
    rows: HeadedRows,
    nominal_j: float,
    scale: float,
) -> Figure:
    low = name == "Low end"
    ends_j = [row.low_j if low else row.high_j for row in drawn]
    return {
        "type": "bar", "orientation": "h", "name": name, "marker": {"color": colour},
        "base": [nominal_j / scale] * len(drawn),
        "x": [(end_j - nominal_j) / scale for end_j in ends_j], "y": rows.centres,
        # Where both ends lie on one side, the second bar is thinner and hides nothing.
        "width": [
            BAR_PX / 3 if not low and _on_one_side(row, nominal_j) else BAR_PX for row in drawn
        ],
        "customdata": [
            f"{plain(row.assumption)}<br>{plain(row.low if low else row.high)}" for row in drawn
        ],
        "text": [si(end_j, "J") for end_j in ends_j], "textposition": "none",
        "hovertemplate": "%{customdata}: %{text}<extra></extra>",
    }  # fmt: skip


def _on_one_side(row: Sensitivity, nominal_j: float) -> bool:
    return (row.low_j - nominal_j) * (row.high_j - nominal_j) > 0


def _nominal_line(nominal: float, centre: float) -> Figure:
    """Beside each bar alone, so that it runs through no heading."""
    return {
        "type": "line", "x0": nominal, "x1": nominal, "xref": "x", "yref": "y",
        "y0": centre - 0.8 * BAR_PX, "y1": centre + 0.8 * BAR_PX,
        "line": {"color": INK, "width": 1},
    }  # fmt: skip


def _nominal_note(nominal_j: float, scale: float, drawn: list[Sensitivity]) -> Figure:
    ends_j = [nominal_j, *(end for row in drawn for end in (row.low_j, row.high_j))]
    place = (nominal_j - min(ends_j)) / (max(ends_j) - min(ends_j))
    return {
        "x": nominal_j / scale, "xref": "x", "y": 1, "yref": "paper", "yanchor": "bottom",
        # Near an end the text turns inwards.
        "xanchor": "left" if place < 0.3 else "right" if place > 0.7 else "center",
        "text": f"line: {si(nominal_j, 'J')} as given", "showarrow": False, "font": {"size": 12},
    }  # fmt: skip
