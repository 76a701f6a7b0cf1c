"""--max-drop: an export that loses too much accuracy on the calibration split is an error."""

from collections.abc import Sequence
from itertools import pairwise

from hwsim.errors import AccuracyDrop
from hwsim.ledger.entry import LedgerEntry


def drop(ledger: Sequence[LedgerEntry]) -> float:
    """Accuracy lost on the calibration split from the first entry to the last; gains are < 0."""
    return ledger[0].calibration_accuracy - ledger[-1].calibration_accuracy


def check_drop(ledger: Sequence[LedgerEntry], max_drop: float) -> None:
    """Passes a ledger that loses at most `max_drop`, a share of the calibration samples.

    Raises:
        AccuracyDrop: it loses more; names the step that lost most.
    """
    lost = drop(ledger)
    if lost <= max_drop:
        return
    before, worst = max(
        pairwise(ledger),
        key=lambda pair: pair[0].calibration_accuracy - pair[1].calibration_accuracy,
    )
    share = before.calibration_accuracy - worst.calibration_accuracy
    raise AccuracyDrop(
        f"accuracy on the calibration split: {ledger[0].calibration_accuracy:.4f} "
        f"({ledger[0].name}) fell to {ledger[-1].calibration_accuracy:.4f} ({ledger[-1].name}), by "
        f"{lost:.4f} and more than max_drop {max_drop:g}; most of it, {share:.4f}, at step "
        f"'{worst.name}'. Try another threshold strategy, more weight bits or [export.qat]; the "
        "files are written all the same."
    )
