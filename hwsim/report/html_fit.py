"""How the network lies on the chip: every layer's fullest core against each limit."""

from hwsim.report.html_table import Column, table
from hwsim.report.html_tables import section
from hwsim.report.html_text import Markup, safe
from hwsim.report.model import Report
from hwsim.report.placed import FitRow, Use
from hwsim.report.units import count, percent
from hwsim.report.wording import capital

TITLE = "Fit, layer by layer"
TEXT = (
    "Share of each limit that the layer's fullest core takes. What binds keeps the layer from "
    "fewer cores. Cut: parts along each axis of the layer's shape."
)


def fit_table(report: Report) -> str:
    """What is exceeded with advice, and a row per layer; nothing without either."""
    parts = (_excesses(report), _layers(report))
    return section("fit", TITLE, TEXT, "".join(parts)) if any(parts) else ""


def _excesses(report: Report) -> str:
    if not report.chip.excesses:
        return ""
    rows = [
        [
            capital(excess.limit),
            count(excess.used),
            count(excess.allowed),
            count(excess.used - excess.allowed),
            excess.advice,
        ]
        for excess in report.chip.excesses
    ]
    columns = [
        Column("Limit exceeded", ""), Column("Needed"), Column("There is"), Column("Too many"),
        Column("What would help", "note"),
    ]  # fmt: skip
    return table("Limits exceeded", columns, rows)


def _layers(report: Report) -> str:
    if not report.fit:
        return ""
    resources = list(dict.fromkeys(use.resource for row in report.fit for use in row.uses))
    columns = [
        Column("Layer", ""), Column("Cores"), Column("Cut", "close"), Column("Formats", ""),
        *(Column(capital(resource)) for resource in resources), Column("Binds", ""),
    ]  # fmt: skip
    return table(TITLE, columns, [_cells(row, resources) for row in report.fit])


def _cells(row: FitRow, resources: list[str]) -> list[str]:
    uses = {use.resource: use for use in row.uses}
    return [
        row.layer,
        count(row.cores),
        " \N{MULTIPLICATION SIGN} ".join(map(str, row.parts)),
        ", ".join(row.formats),
        *(_share(uses[name]) if name in uses else "" for name in resources),
        capital(row.binds),
    ]


def _share(use: Use) -> Markup:
    """Per cent, numbers, and a bar as long as the share; drawn as a shape, so that it prints."""
    over = " over" if use.used > use.limit else ""
    width = 100 * min(use.share, 1.0)
    return Markup(
        f'{safe(percent(use.share, 0))}<svg class="share{over}" viewBox="0 0 100 4" '
        'preserveAspectRatio="none" aria-hidden="true"><rect class="whole" width="100" '
        f'height="4"/><rect width="{width:.1f}" height="4"/></svg>'
        f'<span class="small">{count(use.used)} of {count(use.limit)}</span>'
    )
