"""report.md: the whole report as GitHub-flavoured Markdown, for issues, wikis and diffs."""

from pathlib import Path

from hwsim.report.markdown_alternatives import (
    alternatives_section,
    devices_section,
    neurobench_section,
)
from hwsim.report.markdown_costs import (
    energy_section,
    events_section,
    fit_section,
    headline,
    latency_section,
    layers_section,
    sensitivity_section,
)
from hwsim.report.markdown_emulated import (
    accuracy_section,
    emulated_layers_section,
    quantisation_section,
    runtimes_section,
    uncosted_headline,
    waiting_section,
)
from hwsim.report.markdown_sources import (
    assumptions_section,
    constants_section,
    silicon_section,
    sources_section,
)
from hwsim.report.markdown_text import document
from hwsim.report.model import AnyReport, Report, UncostedReport
from trainers.atomic_file import whole_file

FOOTER = (
    "Written from report.json alone. Energy and time are estimates from events counted in the "
    "emulated network."
)
UNCOSTED_FOOTER = "Written from report.json alone. Events were counted in the simulated network."


def write_markdown(report: AnyReport, path: Path) -> None:
    """Writes report.md; `path` appears only when the file is complete.

    Args:
        report: what is written.
        path: of the document.

    Raises:
        FileError: the folder can't be written to, or no space is left.
    """
    with whole_file(path) as partial:
        partial.write_text(markdown(report), encoding="utf-8")


def markdown(report: AnyReport) -> str:
    """The whole document as text; every name in it shows as the characters it is made of."""
    if isinstance(report, UncostedReport):
        return _uncosted(report)
    return _costed(report)


def _costed(report: Report) -> str:
    return document(
        (
            headline(report),
            accuracy_section(report),
            energy_section(report),
            latency_section(report),
            layers_section(report),
            fit_section(report),
            sensitivity_section(report),
            events_section(report),
            devices_section(report),
            alternatives_section(report),
            neurobench_section(report),
            quantisation_section(report),
            waiting_section(report),
            runtimes_section(report),
            assumptions_section(report),
            silicon_section(report),
            sources_section(report),
            constants_section(report),
            FOOTER,
        )
    )


def _uncosted(report: UncostedReport) -> str:
    return document(
        (
            uncosted_headline(report),
            accuracy_section(report),
            emulated_layers_section(report),
            quantisation_section(report),
            waiting_section(report),
            runtimes_section(report),
            UNCOSTED_FOOTER,
        )
    )
