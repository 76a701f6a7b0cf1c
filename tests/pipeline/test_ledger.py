"""The ledger and the gate on lost accuracy, from the command line on real data."""

import json
from pathlib import Path
from typing import Any

import torch

from tests.conftest import Command

WAY = ["trained", "folded", "frozen", "portable NIR", "quantised", "emulated"]


def ledger_of(run: Path) -> list[dict[str, Any]]:
    """Of a run's fidelity.json."""
    entries: list[dict[str, Any]] = json.loads((run / "fidelity.json").read_text())["ledger"]
    return entries


def test_the_demo_keeps_a_ledger(trained_digits: Path) -> None:
    """Every transformation, ending in what simulate and report say of the same samples."""
    ledger, report = (
        ledger_of(trained_digits),
        json.loads((trained_digits / "report.json").read_text()),
    )
    assert [entry["name"] for entry in ledger] == WAY
    accuracy = {entry["name"]: entry["accuracy"] for entry in ledger}
    stages = report["accuracy"]
    assert accuracy["trained"] == accuracy["folded"] == stages["trained"]
    assert accuracy["portable NIR"] == stages["frozen"]
    assert accuracy["emulated"] == stages["chip"]
    assert report["ledger"] == ledger
    changed = [entry["changed"] for entry in ledger[1:]]
    assert all(shares.keys() == changed[0].keys() for shares in changed)
    folded, frozen, portable, *_ = (max(shares.values()) for shares in changed)
    assert folded < 1e-3 < frozen
    assert portable < 0.05
    assert "Where accuracy goes" in (trained_digits / "report.html").read_text()


def test_refused_settings_leave_the_run_as_it_was(digits_run: Path, spikeport: Command) -> None:
    """A refused export changes neither config.toml nor what is up to date."""
    before = (digits_run / "config.toml").read_bytes()
    refused = spikeport("export", digits_run, "--qat", "--target", "nir")
    assert refused.code == 2
    assert "nir alone hold none" in refused.err
    assert (digits_run / "config.toml").read_bytes() == before
    assert "up to date" in spikeport("export", digits_run).out


def give_an_outlier(checkpoint: Path) -> None:
    """One weight so large that two bits leave the layer no other: a drop that is certain."""
    content = torch.load(checkpoint, weights_only=True)
    weight = content["state_dict"]["network.body.4.weight"]
    weight[0, 0, 0, 0] = 20 * weight.abs().max()
    torch.save(content, checkpoint)


def test_max_drop_works_both_ways(digits_run: Path, spikeport: Command) -> None:
    """A drop passes a wide bound, and ends with 3 at a narrow one, also where export is skipped."""
    give_an_outlier(digits_run / "checkpoints" / "last.ckpt")
    passed = spikeport("export", digits_run, "--weight-bits", 2, "--max-drop", 1.0)
    assert passed.code == 0
    first, *_, last = (entry["calibration_accuracy"] for entry in ledger_of(digits_run))
    assert last < first
    for bound, code in ((first - last + 1e-9, 0), ((first - last) / 2, 3)):
        outcome = spikeport("export", digits_run, "--max-drop", bound)
        assert "up to date" in outcome.out
        assert outcome.code == code
    assert "fell to" in outcome.err
    assert "max_drop" in outcome.err
    assert len(outcome.err.strip().splitlines()) == 1
