"""The training page of a run: drawn from its files, and again when they change."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.conftest import Command
from trainers.diagnostics_file import read_diagnostics, write_diagnostics
from trainers.epoch_log import read_metrics


def test_a_run_leaves_diagnostics_of_every_epoch(trained_digits: Path) -> None:
    """DS-ATGO on digits: two layers, four steps, thresholds that moved, gradients that flow."""
    found = read_diagnostics(trained_digits / "diagnostics.npz")
    rows = read_metrics(trained_digits / "metrics.csv")
    assert found.epochs.tolist() == [row["epoch"] for row in rows]
    assert found.final["rate"].shape == (2, 4)
    assert found.weight_layers == ("0", "4", "9")
    assert np.isfinite(found.gradient_norm).all()
    assert (found.gradient_norm > 0).all()
    # Theorem 1 of the method: about 16 % of Gaussian membranes lie above mean + deviation.
    assert ((found.final["rate"] > 0.1) & (found.final["rate"] < 0.2)).all()
    assert (np.abs(found.final["threshold"] - 1) > 0.1).all()
    assert found.edges[0] == -4


def test_the_page_lies_beside_the_report_and_is_linked(trained_digits: Path) -> None:
    """Both are whole, and the link names the file."""
    text = (trained_digits / "training.html").read_text()
    assert text.rstrip().endswith("</html>")
    assert 'id="rate-steps"' in text
    assert 'href="training.html"' in (trained_digits / "report.html").read_text()


def test_changed_diagnostics_are_drawn_again(digits_run: Path, spikeport: Command) -> None:
    """The report stage depends on them."""
    before = (digits_run / "training.html").read_text()
    assert "report    up to date" in spikeport("report", digits_run).out
    path = digits_run / "diagnostics.npz"
    write_diagnostics(path, replace(read_diagnostics(path), final_samples=77))
    outcome = spikeport("report", digits_run)
    assert outcome.code == 0
    assert "up to date" not in outcome.out
    after = (digits_run / "training.html").read_text()
    assert "77 validation samples" in after
    assert "77 validation samples" not in before


def test_a_run_without_diagnostics_says_so(digits_run: Path, spikeport: Command) -> None:
    """One line that names the file; a damaged one likewise, and the old page stays."""
    path = digits_run / "diagnostics.npz"
    path.write_bytes(path.read_bytes()[:500])
    outcome = spikeport("report", digits_run)
    assert outcome.code == 2
    assert "diagnostics.npz: isn't a readable .npz file" in outcome.err
    path.unlink()
    outcome = spikeport("report", digits_run)
    assert outcome.code == 2
    assert "diagnostics.npz: no such file" in outcome.err
    assert len(outcome.err.strip().splitlines()) == 1
    assert (digits_run / "training.html").is_file()
