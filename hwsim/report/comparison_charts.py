"""Charts of a comparison: energy by term of every run, accuracy against latency and energy."""

from hwsim.report.charts.chart import (
    ACCENT,
    Chart,
    Figure,
    axis,
    axis_title,
    layout,
    plain,
    row_axis,
    scale_for,
    shortened,
)
from hwsim.report.comparison import ENERGY, LATENCY, TERM_ENERGIES, Comparison, Quantity
from hwsim.report.comparison_runs import Run
from hwsim.report.terms import TERMS
from hwsim.report.units import percent

BAR_PX = 13
FRAME_PX = 84
SCATTER_PX = 340


def comparison_charts(comparison: Comparison) -> list[Chart]:
    """Those that at least one run has numbers for."""
    drawn = (
        energy_by_term_chart(comparison),
        accuracy_chart(comparison, LATENCY, "s"),
        accuracy_chart(comparison, ENERGY, "J"),
    )
    return [chart for chart in drawn if chart is not None]


def energy_by_term_chart(comparison: Comparison) -> Chart | None:
    """A group of bars per run, one bar per term; None where no run was costed."""
    costed = [run for run in comparison.runs if run.costed is not None]
    if not costed:
        return None
    joules = [[term.value(run) or 0.0 for run in costed] for term in TERM_ENERGIES]
    scale, unit = scale_for([each for row in joules for each in row], "J")
    height = FRAME_PX + len(costed) * (BAR_PX * len(TERMS) + BAR_PX)
    bars: list[Figure] = [
        {
            "type": "bar", "orientation": "h", "name": term.short,
            "x": [each / scale for each in row], "y": list(range(len(costed))),
            "marker": {"color": term.colour},
            "text": [quantity.show(each) for each in row], "textposition": "none",
            "customdata": [plain(run.name) for run in costed],
            "hovertemplate": f"%{{customdata}}<br>{term.label}: %{{text}}<extra></extra>",
        }
        for term, quantity, row in zip(TERMS, TERM_ENERGIES, joules, strict=True)
    ]  # fmt: skip
    return Chart(
        key="energy-by-run",
        title="Energy by term (estimate)",
        caption="Energy of one inference by term, a group of bars per run."
        + _left_out(comparison, len(costed), "costs"),
        height=height,
        data=bars,
        layout=layout(
            height,
            barmode="group",
            bargap=0.2,
            xaxis=axis(title=axis_title(f"energy per inference ({unit})"), rangemode="tozero"),
            yaxis=row_axis([run.name for run in costed], "run"),
        ),
        legend=tuple((term.short, term.colour) for term in TERMS),
        wide=True,
    )


def accuracy_chart(comparison: Comparison, cost: Quantity, unit: str) -> Chart | None:
    """A mark per run, up the more accurate and left the cheaper; None where no run has both."""
    found = [
        (run, value, share)
        for run in comparison.runs
        if (value := cost.value(run)) is not None
        and (share := run.report.accuracy.chip) is not None
    ]
    if not found:
        return None
    scale, prefixed = scale_for([value for _, value, _ in found], unit)
    word = cost.label.lower()
    marks: Figure = {
        "type": "scatter", "mode": "markers+text", "name": "runs",
        "x": [value / scale for _, value, _ in found],
        "y": [100 * share for _, _, share in found],
        "text": [plain(shortened(run.name)) for run, _, _ in found],
        "textposition": _name_places([value for _, value, _ in found]), "cliponaxis": False,
        "marker": {"color": ACCENT, "size": 11},
        "customdata": [_hover(run, cost, value, share) for run, value, share in found],
        "hovertemplate": "%{customdata}<extra></extra>",
    }  # fmt: skip
    return Chart(
        key=f"accuracy-{word}",
        title=f"Accuracy and {word} (estimate)",
        caption=f"Accuracy of the emulated network against {word} of one inference, a mark per "
        "run; higher is more accurate, further left is cheaper."
        + _left_out(comparison, len(found), f"accuracy or {word}"),
        height=SCATTER_PX,
        data=[marks],
        layout=layout(
            SCATTER_PX,
            xaxis=axis(
                title=axis_title(f"{word} per inference ({prefixed})"),
                range=[0, 1.25 * max(value for _, value, _ in found) / scale or 1],
            ),
            yaxis=axis(title=axis_title("accuracy (%)"), range=_accuracy_range(found)),
            hovermode="closest",
        ),
    )


def _accuracy_range(found: list[tuple[Run, float, float]]) -> list[float]:
    """Around the values, with room for names above and below."""
    shares = [100 * share for _, _, share in found]
    spread = max(max(shares) - min(shares), 1.0)
    return [min(shares) - 0.3 * spread, max(shares) + 0.3 * spread]


def _name_places(values: list[float]) -> list[str]:
    """Above and below in turn along the axis, so that neighbours' names keep apart."""
    order = sorted(range(len(values)), key=values.__getitem__)
    return [("top center", "bottom center")[order.index(index) % 2] for index in range(len(values))]


def _hover(run: Run, cost: Quantity, value: float, share: float) -> str:
    return f"<b>{plain(run.name)}</b><br>{percent(share, 2)}, {cost.show(value)}"


def _left_out(comparison: Comparison, drawn: int, what: str) -> str:
    missing = len(comparison.runs) - drawn
    if not missing:
        return ""
    return f" Not drawn, for want of {what}: {missing} of {len(comparison.runs)} runs."
