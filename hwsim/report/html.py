"""report.html: one page that needs nothing but itself, drawn from the report alone."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from hwsim.report.charts.chart import Chart
from hwsim.report.charts.table import charts
from hwsim.report.html_alternatives import alternatives_section
from hwsim.report.html_devices import device_table
from hwsim.report.html_fit import fit_table
from hwsim.report.html_header import header
from hwsim.report.html_ledger import ledger_table
from hwsim.report.html_neurobench import neurobench_table
from hwsim.report.html_page import contents, figures, framed, part
from hwsim.report.html_runtimes import runtime_table
from hwsim.report.html_sources import event_table, source_list
from hwsim.report.html_tables import (
    assumption_list,
    layer_table,
    quantisation_table,
    silicon_list,
    waiting_table,
)
from hwsim.report.html_uncosted import uncosted_page
from hwsim.report.model import AnyReport, Report, UncostedReport
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
    parts = [
        (key, title, html)
        for key, title, *content in _parts(report, drawn, _training_link(training_page))
        if (html := part(key, title, *content))
    ]
    return framed(
        f"{report.recipe or 'network'} on {report.chip.title}: spikeport report",
        (
            header(report),
            contents([(key, title) for key, title, _ in parts]),
            *(html for *_, html in parts),
            "<footer>Drawn from report.json alone. Energy and time are estimates from events "
            "counted in the emulated network.</footer>",
        ),
        drawn,
    )


def _parts(report: Report, drawn: Sequence[Chart], training: str) -> Sequence[Sequence[str]]:
    """Key, title and content of each part, in the order in which an engineer asks."""

    def figures_of(*keys: str) -> str:
        return figures([chart for chart in drawn if chart.key in keys], heading="h3")

    return (
        (
            "part-accuracy", "Accuracy",
            figures_of("accuracy", "training", "ledger"), training, ledger_table(report),
            runtime_table(report),
        ),
        ("part-activity", "Activity", figures_of("raster", "spikes"), layer_table(report)),
        (
            "part-energy", "Energy",
            figures_of("energy-by-term", "sensitivity", "energy-by-layer"), event_table(report),
        ),
        ("part-time", "Time", figures_of("latency", "time-line")),
        (
            "part-placement", "Placement",
            figures_of("core-map"), fit_table(report), quantisation_table(report),
            waiting_table(report),
        ),
        (
            "part-alternatives", "Alternatives",
            figures_of("devices"), device_table(report), alternatives_section(report),
            neurobench_table(report),
        ),
        (
            "part-basis", "What the numbers rest on",
            silicon_list(report), assumption_list(report), source_list(report),
        ),
    )  # fmt: skip


def _training_link(training_page: str | None) -> str:
    if training_page is None:
        return ""
    return (
        f'<p class="beside"><a href="{escape(training_page)}">Training, layer by layer and step '
        "by step</a>: firing rates, membranes, thresholds, reach of the gradient.</p>"
    )
