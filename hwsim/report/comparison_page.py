"""compare.html: runs side by side on one page that needs nothing but itself."""

from hwsim.report.comparison import Comparison
from hwsim.report.comparison_charts import comparison_charts
from hwsim.report.comparison_table import Cell, legend, rows
from hwsim.report.html_page import figures, framed
from hwsim.report.html_table import Column, table
from hwsim.report.html_text import Markup, safe

FOOTER = (
    "Drawn from the runs' report.json alone. Energy and time are estimates from events counted in "
    "emulated networks."
)


def comparison_page(comparison: Comparison) -> str:
    """The whole page as text."""
    drawn = comparison_charts(comparison)
    return framed(
        f"{title(comparison)}: spikeport compare",
        (
            _header(comparison),
            figures(drawn) if drawn else "",
            _table(comparison),
            f"<footer>{safe(FOOTER)}</footer>",
        ),
        drawn,
    )


def title(comparison: Comparison) -> str:
    """What is compared: the names of few runs, the number of many."""
    names = [run.name for run in comparison.runs]
    if len(names) > 3:
        return f"{len(names)} runs side by side"
    return f"{', '.join(names[:-1])} and {names[-1]} side by side"


def _header(comparison: Comparison) -> str:
    alerts = "".join(
        f'<p class="alert" role="note">{safe(sentence)}</p>' for sentence in comparison.sentences
    )
    return (
        '<header><p class="kicker">spikeport compare</p>'
        f"<h1>{safe(title(comparison))}</h1>"
        '<p class="lead">Accuracies and event counts are measured; energy and time are estimates, '
        f"per inference.</p>{alerts}</header>"
    )


def _table(comparison: Comparison) -> str:
    columns = [Column("", ""), *(Column(run.name) for run in comparison.runs)]
    lines = [[label, *map(_cell, cells)] for label, cells in rows(comparison)]
    return (
        '<section aria-labelledby="runs-title"><h2 id="runs-title">Runs</h2>'
        f"<p>{safe(legend(comparison))} An empty cell: not measured, or not claimed.</p>"
        f"{table('Runs', columns, lines)}</section>"
    )


def _cell(cell: Cell) -> str:
    if not cell.best:
        return cell.text
    return Markup(f'<strong class="good">{safe(cell.marked)}</strong>')
