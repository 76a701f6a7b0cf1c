"""The ledger on the page: where accuracy goes between training and chip."""

from collections.abc import Sequence
from itertools import pairwise

from hwsim.ledger.entry import LedgerEntry
from hwsim.report.html_table import Column, table
from hwsim.report.html_text import safe
from hwsim.report.model import EmulatedReport
from hwsim.report.units import count, percent

TITLE = "Where accuracy goes"


def ledger_table(report: EmulatedReport) -> str:
    """A row per transformation; nothing in a report that has none."""
    if not report.ledger:
        return ""
    columns = [
        Column("After", ""),
        Column("What was done", "note"),
        Column("Test accuracy"),
        Column("Change"),
        Column("Calibration accuracy"),
        Column("Change"),
        Column("Spikes changed, most in"),
    ]
    samples = report.accuracy.samples
    of = f" {count(samples)}" if samples else ""
    return (
        f'<section aria-labelledby="ledger-table-title">'
        f'<h3 id="ledger-table-title">{safe(TITLE)}</h3>'
        f"<p>Accuracy after each transformation, on all{of} test samples and on the calibration "
        "split (the validation samples), which alone was looked at when something was chosen. "
        "Changes are in points, against the row above.</p>"
        f"{table(TITLE, columns, _rows(report.ledger))}</section>"
    )


def points(difference: float) -> str:
    """A difference of accuracies in percentage points."""
    value = round(100 * difference, 2)
    return "0" if value == 0 else f"{value:+.2f}".replace("-", "\N{MINUS SIGN}")


def _rows(ledger: Sequence[LedgerEntry]) -> list[list[str]]:
    first = ledger[0]
    rows = [[first.name, first.what, *_accuracies(first, None), ""]]
    return rows + [
        [entry.name, entry.what, *_accuracies(entry, before), _worst(entry)]
        for before, entry in pairwise(ledger)
    ]


def _accuracies(entry: LedgerEntry, before: LedgerEntry | None) -> list[str]:
    test, calibration = entry.accuracy, entry.calibration_accuracy
    return [
        percent(test, 2),
        "" if before is None else points(test - before.accuracy),
        percent(calibration, 2),
        "" if before is None else points(calibration - before.calibration_accuracy),
    ]


def _worst(entry: LedgerEntry) -> str:
    if not entry.changed:
        return ""
    layer, share = max(entry.changed.items(), key=lambda item: item[1])
    return f"{percent(share, 2)} ({layer})" if share else "none"
