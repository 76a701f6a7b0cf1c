"""docs/costing.md: its chip file loads, its names and numbers are those of the code."""

import re
from pathlib import Path
from typing import get_args

from hwsim.alternatives.bounds import (
    DAMPFHOFFER_HIGH,
    DAMPFHOFFER_LOW,
    DAVIDSON,
    YAN_RATE,
    YAN_STEPS,
)
from hwsim.chips.chip import Chip
from hwsim.chips.constant import Grade
from hwsim.chips.devices import load_device
from hwsim.chips.load import CHIPS, load_chip
from hwsim.placement.placement import Objective
from hwsim.report.comparison_files import FORMS
from hwsim.report.terms import TERMS

TEXT = (Path(__file__).parents[1] / "docs" / "costing.md").read_text(encoding="utf-8")


def example(folder: Path) -> Chip:
    """The chip file of the page, loaded as a user's own."""
    code, _ = re.findall(r"```toml\n(.*?)```", TEXT, flags=re.DOTALL)
    path = folder / "mychip.toml"
    path.write_text(code, encoding="utf-8")
    return load_chip(path)


def test_the_example_of_a_device_loads(tmp_path: Path) -> None:
    """Every key that a device needs."""
    _, code = re.findall(r"```toml\n(.*?)```", TEXT, flags=re.DOTALL)
    path = tmp_path / "mydevice.toml"
    path.write_text(code, encoding="utf-8")
    device = load_device(path)
    assert device.energy.energy_per_synop_j.bound("low") == 1.5e-12


def test_the_example_is_a_whole_chip_file(tmp_path: Path) -> None:
    """Every constant that a shipped file has, and a range where the text says so."""
    chip = example(tmp_path)
    assert [key for key, _ in chip.constants()] == [
        key for key, _ in load_chip("loihi1").constants()
    ]
    assert chip.energy.energy_per_synop_dense_j.bound("high") == 25e-12
    assert chip.latency.barrier_chips.value.at(2) == 3e-6


def test_names_on_the_page_are_those_of_the_code() -> None:
    """Chips, objectives, grades, terms and file endings."""
    for name in (*CHIPS, *get_args(Objective), *get_args(Grade), *FORMS):
        assert f"`{name}`" in TEXT, name
    for term in TERMS:
        assert f"| {term.label} |" in TEXT, term.label
    keys = " + ".join(term.key for term in TERMS)
    assert f"energy = {keys}" in TEXT


def test_numbers_on_the_page_are_those_of_the_files() -> None:
    """Of Loihi 1's table, and of the printed bounds."""
    energy, latency = load_chip("loihi1").energy, load_chip("loihi1").latency
    assert energy.energy_per_synop_dense_j.value == 23.6e-12
    assert latency.latency_per_synop_dense_s.value == 3.5e-9
    assert (energy.energy_per_update_inactive_j.value, energy.energy_per_update_active_j.value) == (
        52e-12, 81e-12,
    )  # fmt: skip
    for words in ("23.6 pJ", "3.5 ns", "52 to 81 pJ"):
        assert words in TEXT
    assert f"{DAMPFHOFFER_LOW} to {DAMPFHOFFER_HIGH} spikes per synapse" in TEXT
    assert f"about {DAVIDSON} spikes per synapse" in TEXT
    assert f"{100 * YAN_RATE:.1f} % at T = {YAN_STEPS}" in TEXT
