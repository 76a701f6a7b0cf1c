"""The network on other chips and devices, on a logarithmic axis."""

import math

from hwsim.report.alternatives import DeviceRow
from hwsim.report.charts.chart import (
    INK,
    Chart,
    Figure,
    axis,
    axis_title,
    layout,
    plain,
)
from hwsim.report.charts.headed_rows import BAR_PX, headed_rows
from hwsim.report.chip_cost import Range
from hwsim.report.model import Report
from hwsim.report.units import PREFIXES, si, si_range

KINDS = (
    ("chip", "Placed, costed event by event", "#8fb0d0"),
    ("operations", "Operations alone", "#e0b184"),
)
"""Paler than elsewhere: whiskers lie on the bars."""
FRAME = 70
MOST_DECADES_WITH_LABELS = 6


def devices_chart(report: Report) -> Chart | None:
    """A bar per device whose energy can be told, whiskers from low to high; None without any."""
    told = [(row, row.energy_j) for row in report.devices if row.energy_j and row.energy_j.nominal]
    if not told:
        return None
    rows = headed_rows([(_name(row, report), _note(row, energy)) for row, energy in told])
    floor, ceiling = _decades([energy for _, energy in told])
    height = FRAME + rows.height
    return Chart(
        key="devices",
        title="The same network elsewhere (estimate)",
        caption=(
            "Energy of one inference, logarithmic; whiskers run from the low to the high end of "
            "what the sources leave possible. Scopes differ: see the table."
        ),
        height=height,
        data=[
            _bars(label, colour, rows_of_a_kind, 10.0**floor, whiskers=known)
            for kind, label, colour in KINDS
            for known in (True, False)
            if (
                rows_of_a_kind := [
                    (row, energy, centre)
                    for (row, energy), centre in zip(told, rows.centres, strict=True)
                    if row.kind == kind and (energy.low != energy.high) == known
                ]
            )
        ],
        layout=layout(
            height,
            xaxis=axis(
                title=axis_title("energy per inference (J, logarithmic)"), type="log",
                range=[floor, ceiling + 0.05], **_ticks(floor, ceiling),
            ),
            yaxis=rows.axis("chip or device"),
            annotations=rows.headings,
            margin={"l": 8, "r": 20, "t": 8, "b": 8},
        ),
        legend=tuple(
            (label, colour) for kind, label, colour in KINDS
            if any(row.kind == kind for row, _ in told)
        ),
    )  # fmt: skip


def _name(row: DeviceRow, report: Report) -> str:
    return f"{row.title} (this report)" if row.name == report.chip.name else row.title


def _note(row: DeviceRow, energy: Range) -> str:
    known = energy.low != energy.high
    between = f", {si_range(energy.low, energy.high, 'J')}" if known else ""
    fits = "; does not fit" if row.fits is False else ""
    return f"{si(energy.nominal, 'J')}{between}{fits}"


def _bars(
    label: str,
    colour: str,
    rows: list[tuple[DeviceRow, Range, float]],
    floor_j: float,
    *,
    whiskers: bool,
) -> Figure:
    """Bars of a kind; those without a known range are a trace of their own, without whiskers."""
    energies = [energy for _, energy, _ in rows]
    bars = {
        "type": "bar", "orientation": "h", "name": label, "marker": {"color": colour},
        "x": [energy.nominal for energy in energies], "y": [centre for *_, centre in rows],
        "width": BAR_PX,
        "customdata": [plain(row.title) for row, *_ in rows],
        "text": [_note(row, energy) for row, energy, _ in rows], "textposition": "none",
        "hovertemplate": "%{customdata}<br>%{text}<extra></extra>",
    }  # fmt: skip
    if not whiskers:
        return bars
    return bars | {
        "error_x": {
            "type": "data", "symmetric": False, "color": INK, "thickness": 1.2, "width": 4,
            "array": [energy.high - energy.nominal for energy in energies],
            # A logarithmic axis has no place for 0: such a whisker ends at its edge.
            "arrayminus": [energy.nominal - max(energy.low, floor_j) for energy in energies],
        }
    }  # fmt: skip


def _decades(energies: list[Range]) -> tuple[int, int]:
    """Whole powers of ten below every low end (0 left out) and above every high one."""
    least = min(energy.low or energy.nominal for energy in energies)
    most = max(energy.high for energy in energies)
    floor = math.ceil(math.log10(least)) - 1
    return floor, max(math.ceil(math.log10(most)), floor + 1)


def _ticks(floor: int, ceiling: int) -> Figure:
    every = 1 if ceiling - floor <= MOST_DECADES_WITH_LABELS else 3
    decades = range(floor, ceiling + 1)
    return {
        "tickvals": [10.0**decade for decade in decades],
        "ticktext": ["" if decade % every else _power(decade) for decade in decades],
        "tickangle": 0,
    }


def _power(decade: int) -> str:
    exponent = 3 * (decade // 3)
    return f"{10 ** (decade - exponent)} {PREFIXES[exponent]}J"
