"""Runtimes on the page: the same network in every one of them, spike by spike."""

from hwsim.report.html_table import Column, table
from hwsim.report.html_tables import section
from hwsim.report.model import EmulatedReport
from hwsim.report.units import count, percent
from hwsim.verify.row import Row

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
        "runtimes", TITLE, TEXT, table(TITLE, columns, [_cells(row) for row in report.runtimes])
    )


def _cells(row: Row) -> list[str]:
    case = "" if row.case is None else f"First: {row.case}"
    return [
        row.runtime,
        row.precision,
        count(row.samples),
        "" if row.spike_mismatches is None else count(row.spike_mismatches),
        "" if row.logit_max_abs_diff is None else f"{row.logit_max_abs_diff:.3g}",
        "" if row.accuracy is None else percent(row.accuracy, 2),
        row.verdict,
        ". ".join(part for part in (row.note, case) if part),
    ]
