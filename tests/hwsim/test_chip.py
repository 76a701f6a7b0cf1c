"""Chip descriptions: what ships is complete, what is wrong is all named at once."""

import re
from importlib import resources
from pathlib import Path

import pytest

from hwsim.chip import CHIPS, load_chip
from hwsim.errors import ChipError


def edited(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    """A copy of loihi1.toml with pieces of text replaced."""
    text = resources.files("hwsim.chips").joinpath("loihi1.toml").read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", CHIPS)
def test_every_number_that_ships_names_a_source_that_exists(name: str) -> None:
    """Each limit and cost carries a citation of the chip's own list."""
    chip = load_chip(name)
    constants = list(chip.constants())
    assert len(constants) == 28
    assert {constant.source for _, constant in constants} <= set(chip.sources)
    assert all(len(citation) > 20 for citation in chip.sources.values())


def test_loihi1_holds_the_published_table() -> None:
    """Davies et al. 2018, Table 2, number by number."""
    chip = load_chip("loihi1")
    assert chip.energy.energy_per_synop_j.value == 23.6e-12
    assert chip.energy.energy_per_update_active_j.value == 81e-12
    assert chip.energy.energy_per_update_inactive_j.value == 52e-12
    assert chip.energy.energy_per_message_j.value == 1.7e-12
    assert chip.energy.energy_per_hop_east_west_j.value == 3.0e-12
    assert chip.energy.energy_per_hop_north_south_j.value == 4.0e-12
    assert chip.latency.latency_per_synop_s.value == 3.5e-9
    assert chip.latency.latency_per_update_active_s.value == 8.4e-9
    assert chip.latency.latency_per_update_inactive_s.value == 5.3e-9
    assert chip.latency.latency_barrier_min_s.value == 113e-9
    assert chip.latency.latency_barrier_max_s.value == 465e-9
    graded = {key: constant.grade for key, constant in chip.constants()}
    assert graded["energy_per_synop_j"] == "published"
    assert graded["static_power_per_core_w"] == "derived"
    assert graded["energy_per_mac_j"] == "assumed"


def test_loihi2_claims_no_energy_as_published() -> None:
    """Intel published no energy per event: Loihi 1's are kept and marked assumed."""
    first, second = load_chip("loihi1"), load_chip("loihi2")
    for key in type(second.energy).model_fields:
        assert getattr(second.energy, key).value == getattr(first.energy, key).value
        assert getattr(second.energy, key).grade == "assumed"
    assert second.latency.latency_per_synop_s.value == pytest.approx(3.5e-9 / 5)
    assert second.latency.latency_per_update_active_s.value == pytest.approx(8.4e-9 / 2)
    assert "graded" in second.inputs.forms.value
    assert "graded" not in first.inputs.forms.value


def test_own_chip_is_read_by_path(tmp_path: Path) -> None:
    """A .toml file of the user's works like one that ships."""
    path = edited(tmp_path, ('name = "loihi1"', 'name = "mine"'), ("value = 1024", "value = 512"))
    chip = load_chip(path)
    assert (chip.name, chip.limits.neurons_per_core.value) == ("mine", 512)


def test_all_faults_are_told_together_in_one_line(tmp_path: Path) -> None:
    """Wrong value, wrong grade, unknown key, missing key, unknown source: each with its place."""
    path = edited(
        tmp_path,
        ("neurons_per_core = { value = 1024", "neurons_per_core = { value = 0"),
        ("value = 23.6e-12", "value = nan"),
        ('52.0e-12, source = "davies2018", grade = "published"',
         '52.0e-12, source = "davies2018", grade = "sure"'),
        ("cores_per_tile =", "cores_per_tyle ="),
        ('8.4e-9, source = "davies2018"', '8.4e-9, source = "hearsay"'),
    )  # fmt: skip
    with pytest.raises(ChipError) as error:
        load_chip(path)
    message = str(error.value)
    assert "\n" not in message
    assert "6 faults" in message
    for place in (
        "limits.neurons_per_core.value",
        "limits.cores_per_tile: is missing",
        "limits.cores_per_tyle: unknown key",
        "energy.energy_per_synop_j.value",
        "energy.energy_per_update_inactive_j.grade",
        "latency.latency_per_update_active_s.source: 'hearsay'",
    ):
        assert place in message


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("cores = { value = 128", "cores = { value = 129", "129 cores don't fit on tiles for 128"),
        ("max_tiles = { value = 32", "max_tiles = { value = 1", "greater than barrier_min_tiles"),
        ("value = 465e-9", "value = 1e-9", "latency_barrier_max_s must not be less"),
        ("value = 81.0e-12", "value = true", "energy_per_update_active_j"),
        ("value = 81.0e-12", "value = -1.0", "energy_per_update_active_j"),
        ("value = 1024,", "value = 1024.5,", "neurons_per_core"),
    ],
)
def test_contradictions_and_wrong_types_are_refused(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    """Numbers that can't be a chip's, alone or together, are named."""
    with pytest.raises(ChipError, match=re.escape(said)):
        load_chip(edited(tmp_path, (old, new)))


def test_unknown_name_lists_the_known() -> None:
    """A name that is neither a chip nor a .toml file says what there is."""
    with pytest.raises(ChipError, match=r"'loihi3': unknown\. Known: loihi1, loihi2"):
        load_chip("loihi3")


def test_missing_damaged_and_oversized_files_are_refused(tmp_path: Path) -> None:
    """No file, no TOML, no text, far too much: one line each, with the path."""
    with pytest.raises(ChipError, match="no such file"):
        load_chip(tmp_path / "none.toml")
    for content in (b"name = ", b"\xff\xfe\x00", b"#" * ((1 << 20) + 1)):
        path = tmp_path / "bad.toml"
        path.write_bytes(content)
        with pytest.raises(ChipError, match=r"bad\.toml: (isn't TOML|larger than)"):
            load_chip(path)
