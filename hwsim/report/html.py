"""report.html: one page that needs nothing but itself, drawn from the report alone."""

from html import escape
from pathlib import Path

from hwsim.report.charts.table import charts
from hwsim.report.html_header import header
from hwsim.report.html_ledger import ledger_table
from hwsim.report.html_page import figures, framed
from hwsim.report.html_runtimes import runtime_table
from hwsim.report.html_tables import (
    assumption_list,
    event_table,
    layer_table,
    quantisation_table,
    silicon_list,
    source_list,
    waiting_table,
)
from hwsim.report.html_uncosted import uncosted_page
from hwsim.report.model import AnyReport, UncostedReport
from trainers.atomic_file import whole_file


def write_html(report: AnyReport, path: Path, *, training_page: str | None = None) -> None:
    """Writes report.html; `path` appears only when the file is complete.

    Args:
        report: what is drawn.
        path: of the page.
        training_page: file name of the training page beside it, which is then linked.

    Raises:
        FileError: the folder can't be written to, or no space is left.
    """
    with whole_file(path) as partial:
        partial.write_text(page(report, training_page=training_page), encoding="utf-8")


def page(report: AnyReport, *, training_page: str | None = None) -> str:
    """The whole page as text."""
    if isinstance(report, UncostedReport):
        return uncosted_page(report, _training_link(training_page))
    drawn = charts(report)
    return framed(
        f"{report.recipe or 'network'} on {report.chip.title}: spikeport report",
        (
            header(report),
            figures(drawn),
            _training_link(training_page),
            ledger_table(report),
            layer_table(report),
            quantisation_table(report),
            waiting_table(report),
            runtime_table(report),
            event_table(report),
            assumption_list(report),
            silicon_list(report),
            source_list(report),
            "<footer>Drawn from report.json alone. Energy and time are estimates from events "
            "counted in the emulated network.</footer>",
        ),
        drawn,
    )


def _training_link(training_page: str | None) -> str:
    if training_page is None:
        return ""
    return (
        f'<p class="beside"><a href="{escape(training_page)}">Training, layer by layer and step '
        "by step</a>: firing rates, membranes, thresholds, reach of the gradient.</p>"
    )
