"""Chip files: a user's own works by path, what is wrong is all named at once."""

import re
import sys
from importlib import resources
from pathlib import Path

import pytest

from hwsim.chips.load import CHIPS, MAX_FILE_BYTES, load_chip
from hwsim.errors import ChipError


def shipped_text(name: str = "loihi1") -> str:
    """The text of a file that ships."""
    return resources.files("hwsim.chips").joinpath(CHIPS[name]).read_text()


def edited(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    """A copy of loihi1.toml with pieces of text replaced."""
    text = shipped_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return path


def test_own_chip_is_read_by_path(tmp_path: Path) -> None:
    """A .toml file of the user's works like one that ships, by Path and by string."""
    path = edited(tmp_path, ('name = "loihi1"', 'name = "mine"'), ("value = 1024", "value = 512"))
    chip = load_chip(path)
    assert (chip.name, chip.limits.neurons_per_core.value) == ("mine", 512)
    assert load_chip(str(path)) == chip


@pytest.mark.parametrize("name", CHIPS)
def test_a_copy_of_a_shipped_chip_is_that_chip(tmp_path: Path, name: str) -> None:
    """Nothing is read from elsewhere than the file."""
    path = tmp_path / "copy.toml"
    path.write_text(shipped_text(name))
    assert load_chip(path) == load_chip(name)


def test_all_faults_are_told_together_in_one_line(tmp_path: Path) -> None:
    """Wrong value, wrong grade, unknown key, missing key, unknown source: each with its place."""
    path = edited(
        tmp_path,
        ("neurons_per_core = { value = 1024", "neurons_per_core = { value = 0"),
        ("value = 23.6e-12, low = 23.6e-12, high = 35.5e-12", "value = nan"),
        ('52.0e-12, source = "davies2018", grade = "published"',
         '52.0e-12, source = "davies2018", grade = "sure"'),
        ("cores_per_tile =", "cores_per_tyle ="),
        ('high = 9.7e-9, source = "davies2018"', 'high = 9.7e-9, source = "hearsay"'),
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
        "energy.energy_per_synop_dense_j.value",
        "energy.energy_per_update_inactive_j.grade",
        "latency.latency_per_update_active_s.source: 'hearsay'",
    ):
        assert place in message


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("cores = { value = 128", "cores = { value = 129", "129 cores don't fit on tiles for 128"),
        ("value = 81.0e-12", "value = true", "energy_per_update_active_j"),
        ("value = 81.0e-12", "value = -1.0", "energy_per_update_active_j"),
        ("value = 81.0e-12", "value = inf", "energy_per_update_active_j"),
        ("value = 81.0e-12", "value = nan", "energy_per_update_active_j"),
        ("value = 81.0e-12", 'value = "81.0e-12"', "energy_per_update_active_j"),
        ("value = 81.0e-12", "value = 99.0e-12", "9.9e-11 doesn't lie within low 7.28e-11"),
        ("low = 72.8e-12, ", "", "low and high stand together"),
        ("value = 1024,", "value = 1024.5,", "neurons_per_core"),
        ("value = 1024,", "value = true,", "neurons_per_core"),
        ("value = 1024,", "value = 1024, unit = 1,", "neurons_per_core.unit: unknown key"),
        ("[[1, 113e-9], [32, 465e-9]]", "[[1, 465e-9], [32, 113e-9]]", "don't grow"),
        ("[[1, 113e-9], [32, 465e-9]]", "[[true, 113e-9]]", "latency.barrier"),
        ("value = true, source", "value = 1, source", "conv_counts_zeros"),
        ("value = [1, 2, 3, 4, 5, 6, 8]", "value = []", "weight_bits"),
        ("value = [1, 2, 3, 4, 5, 6, 8]", "value = [-8]", "weight_bits"),
        ('"dense", "sparse", "conv"', '"dens"', "synapses.formats"),
        ('value = "serial"', 'value = "parallel"', "latency.work"),
        ("[host]", "[hosts]", "host: is missing"),
        ('name = "loihi1"\n', "", "name: is missing"),
        ('name = "loihi1"\n', 'name = "loihi1"\nowner = "me"\n', "owner: unknown key"),
        ("https://doi.org", "http://doi.org", "sources.davies2018.url"),
        ("horowitz2014 =", "horowitz =", "host.energy_per_mac_j.source: 'horowitz2014'"),
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
    with pytest.raises(
        ChipError, match=r"'loihi3': unknown\. Known: loihi1, loihi1-fitted, loihi2"
    ):
        load_chip("loihi3")


def test_missing_damaged_and_oversized_files_are_refused(tmp_path: Path) -> None:
    """No file, no TOML, no text, far too much: one line each, with the path."""
    with pytest.raises(ChipError, match="no such file"):
        load_chip(tmp_path / "none.toml")
    for content in (b"name = ", b"\xff\xfe\x00", b"#" * (MAX_FILE_BYTES + 1)):
        path = tmp_path / "bad.toml"
        path.write_bytes(content)
        with pytest.raises(ChipError, match=r"bad\.toml: (isn't TOML|larger than)"):
            load_chip(path)
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(ChipError, match=r"folder\.toml: no such file"):
        load_chip(tmp_path / "folder.toml")


def test_a_file_cut_short_anywhere_is_refused(tmp_path: Path) -> None:
    """Whatever is left of it, one line says what is missing or damaged; never another error."""
    whole = shipped_text().rstrip().encode()
    path = tmp_path / "cut.toml"
    for length in range(0, len(whole), 211):
        path.write_bytes(whole[:length])
        with pytest.raises(ChipError, match=r"cut\.toml: ") as error:
            load_chip(path)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "content",
    [
        "x = " + "[" * 100_000,
        "x = " + "{a = " * 100_000,
        "x = " + "9" * 5_000,
        f"[limits]\ncores = {{ value = {'9' * 4_000}, source = 'a', grade = 'assumed' }}",
        f"[host]\nenergy_per_mac_j = {{ value = {'9' * 4_000}, source = 'a', grade = 'assumed' }}",
        "sources = 3",
        "[[energy]]\n[[energy]]",
        "energy = { energy_per_spike_j = 3 }",
    ],
)
def test_files_made_to_break_a_reader_are_refused(tmp_path: Path, content: str) -> None:
    """Deep nesting, endless digits and tables of another shape end in one line as well."""
    assert sys.getrecursionlimit() < 50_000
    path = tmp_path / "hostile.toml"
    path.write_text(content)
    with pytest.raises(ChipError, match=r"hostile\.toml: ") as error:
        load_chip(path)
    assert len(str(error.value)) < 4_000


def test_a_message_stays_short(tmp_path: Path) -> None:
    """Thousands of faults and endless names aren't poured out."""
    path = tmp_path / "long.toml"
    path.write_text("".join(f"{'k' * 500}{n} = 1\n" for n in range(1000)))
    with pytest.raises(ChipError, match=r"10\d\d faults.*; \.\.\.\. Correct") as error:
        load_chip(path)
    assert len(str(error.value)) < 4_000
