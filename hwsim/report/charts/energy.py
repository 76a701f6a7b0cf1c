"""Energy by term, and by layer and term."""

from hwsim.report.charts.chart import (
    ROW_PX,
    Chart,
    Figure,
    axis,
    axis_title,
    layout,
    plain,
    row_axis,
    row_notes,
    scale_for,
)
from hwsim.report.model import Report
from hwsim.report.terms import LAYER_TERMS, TERMS, Term
from hwsim.report.units import percent, si

NO_LAYER = "(no layer)"
TERM_PX = 40
"""Two lines of text."""
FEW_TICKS: Figure = {"nticks": 4, "tickangle": 0}
"""Notes beside the bars leave the axis little room on a phone."""


def energy_by_term_chart(report: Report) -> Chart:
    """One bar per term, value and share beside it."""
    joules = [_joules(report, term) for term in TERMS]
    scale, unit = scale_for(joules, "J")
    total = report.energy_j.total
    shares = [percent(each / total) if total else "" for each in joules]
    height = 76 + TERM_PX * len(TERMS)
    bars = {
        "type": "bar", "orientation": "h",
        "x": [each / scale for each in joules], "y": list(range(len(TERMS))),
        "marker": {"color": [term.colour for term in TERMS]}, "width": 0.62,
        "text": [si(each, "J") for each in joules], "textposition": "none",
        "customdata": [term.label for term in TERMS],
        "hovertemplate": "%{customdata}: %{text}<extra></extra>",
    }  # fmt: skip
    return Chart(
        key="energy-by-term",
        title="Energy by term (estimate)",
        caption=(
            f"Energy of one inference, {si(total, 'J')} in all: counted events times the cost per "
            f"event of {report.chip.title}."
        ),
        height=height,
        data=[bars],
        layout=layout(
            height,
            xaxis=axis(
                title=axis_title(f"energy per inference ({unit})"), rangemode="tozero", **FEW_TICKS
            ),
            yaxis=row_axis([term.label for term in TERMS], "term", wrapped=True),
            annotations=row_notes(
                [
                    f"<b>{si(each, 'J')}</b>  {share}"
                    for each, share in zip(joules, shares, strict=True)
                ]
            ),
            margin={"l": 8, "r": 132, "t": 8, "b": 8},
        ),
    )


def energy_by_layer_chart(report: Report) -> Chart:
    """One bar per layer, stacked by term, with what belongs to no layer above the first."""
    rows, stacks = _stacks(report)
    totals = [sum(column) for column in zip(*stacks.values(), strict=True)]
    scale, unit = scale_for(totals, "J")
    height = 68 + ROW_PX * max(len(rows), 3)
    return Chart(
        key="energy-by-layer",
        title="Energy by layer (estimate)",
        caption=(
            "Energy of one inference by layer, stacked by term: synaptic operations where spikes "
            "arrive, messages where they start. Steps before and after a layer's turn included. "
            "The first row is what belongs to no layer."
        ),
        height=height,
        data=[
            _stack(term, rows, joules, scale) for term, joules in stacks.items()
        ],
        layout=layout(
            height,
            barmode="stack",
            xaxis=axis(
                title=axis_title(f"energy per inference ({unit})"), rangemode="tozero", **FEW_TICKS
            ),
            yaxis=row_axis(rows, "layer"),
            annotations=row_notes([f"<b>{si(total, 'J')}</b>" for total in totals]),
            margin={"l": 8, "r": 84, "t": 8, "b": 8},
        ),
        legend=tuple((term.short, term.colour) for term in stacks),
        wide=len(rows) > 8,
    )  # fmt: skip


def _stacks(report: Report) -> tuple[list[str], dict[Term, list[float]]]:
    """Rows, and for every term with energy one value per row."""
    whole = [term for term in TERMS if term not in LAYER_TERMS and _joules(report, term)]
    rows = [layer.name for layer in report.layers]
    stacks = {term: [float(getattr(layer.energy_j, term.key)) for layer in report.layers]
              for term in LAYER_TERMS}  # fmt: skip
    if not whole:
        return rows, stacks
    stacks = {term: [0.0, *joules] for term, joules in stacks.items()}
    for term in whole:
        stacks[term] = [_joules(report, term), *[0.0] * len(rows)]
    return [NO_LAYER, *rows], stacks


def _joules(report: Report, term: Term) -> float:
    return float(getattr(report.energy_j, term.key))


def _stack(term: Term, rows: list[str], joules: list[float], scale: float) -> Figure:
    return {
        "type": "bar", "orientation": "h", "name": term.short, "marker": {"color": term.colour},
        "x": [each / scale for each in joules], "y": list(range(len(rows))), "width": 0.62,
        "text": [si(each, "J") for each in joules], "textposition": "none",
        "customdata": [plain(row) for row in rows],
        "hovertemplate": f"%{{customdata}}, {term.label.lower()}<br>%{{text}}<extra></extra>",
    }  # fmt: skip
