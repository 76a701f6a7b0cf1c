"""Runtimes on the page: the same network in every one of them, spike by spike."""

from hwsim.report.html_table import Column, table
from hwsim.report.html_tables import section
from hwsim.report.model import EmulatedReport
from hwsim.report.wording import runtime_cells

TITLE = "Runtimes"
TEXT = (
    "The exported files in every runtime, held to the reference decision by decision (neuron, "
    "step, sample), as `spikeport verify` found. Rounding: every sample that parts does so at a "
    "membrane closer to its threshold than the arithmetic can resolve. What isn't installed was "
    "not checked."
)


def runtime_table(report: EmulatedReport) -> str:
    """A row per runtime; nothing in a report of a run that wasn't verified."""
    if not report.runtimes:
        return ""
    columns = [
        Column("Runtime", ""),
        Column("Precision", "close"),
        Column("Samples"),
        Column("Spikes that differ"),
        Column("Largest logit difference"),
        Column("Accuracy"),
        Column("Verdict", ""),
        Column("Note", "note"),
    ]
    return section(
        "runtimes",
        TITLE,
        TEXT,
        table(TITLE, columns, [runtime_cells(row) for row in report.runtimes]),
    )
