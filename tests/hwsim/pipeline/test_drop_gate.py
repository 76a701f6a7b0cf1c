"""The gate on lost accuracy looks at the calibration split, and only there."""

import pytest

from hwsim.errors import AccuracyDrop
from hwsim.ledger.entry import LedgerEntry
from hwsim.pipeline.drop_gate import check_drop, drop


def ledger(*calibration: float) -> list[LedgerEntry]:
    """Entries with these calibration accuracies, and test accuracies that lose everything."""
    return [
        LedgerEntry(name=f"step {n}", what="", accuracy=float(n == 0), calibration_accuracy=share)
        for n, share in enumerate(calibration)
    ]


def test_a_small_loss_or_a_gain_passes() -> None:
    """Up to and including the bound."""
    check_drop(ledger(0.75, 0.5), 0.25)
    check_drop(ledger(0.75, 0.25, 1.0), 0.0)
    assert drop(ledger(0.75, 0.25, 1.0)) == -0.25


def test_a_larger_loss_names_the_worst_step() -> None:
    """Exit code 3, with both accuracies, the bound, and the step that lost most."""
    with pytest.raises(AccuracyDrop, match=r"fell to 0\.5000 \(step 3\).*step 'step 2'") as caught:
        check_drop(ledger(0.875, 0.75, 0.25, 0.5), 0.25)
    assert caught.value.exit_code == 3
