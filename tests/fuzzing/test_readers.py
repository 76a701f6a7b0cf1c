"""Damaged files of every kind are read, or refused in one line, within bounds."""

from pathlib import Path

import pytest

from tests.fuzzing import campaign
from tests.fuzzing.campaign import Findings, fuzz
from tests.fuzzing.corpus import KINDS, sound_contents, write_sound_files
from tests.fuzzing.log import Progress, read_log, write_log
from tests.fuzzing.mutation import mutated
from tests.fuzzing.reading import read_all

PORTIONS = {"nir": 300, "net": 300, "chip.h5": 400, "onnx": 1500, "npz": 800}
"""About eight seconds each."""

HARM = "tests.fuzzing.harmed_worker"


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_are_read_or_refused(kind: str) -> None:
    """The seeds behind the campaign's: typed errors only, within 1 GiB and 10 s a file.

    Where a C library crashes the safe opener must have said so in one line.
    """
    start = read_log().get(kind, Progress()).files
    found = fuzz(kind, range(start, start + PORTIONS[kind]))
    assert not found.faults
    assert found.files == PORTIONS[kind]
    assert found.refused > found.files / 4
    assert found.read > found.files / 50


@pytest.mark.parametrize("kind", KINDS)
def test_the_corpus_is_sound(kind: str, tmp_path: Path) -> None:
    """Undamaged files are read, else the fuzzing would try the first line of a reader only."""
    write_sound_files(kind, tmp_path)
    assert len(sound_contents(kind, tmp_path)) >= 3
    for path in sorted(tmp_path.glob(f"*.{kind}")):
        assert read_all(kind, path) is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_is_a_file(kind: str, tmp_path: Path) -> None:
    """The same one every time, so that a fault can be found again; another seed is another."""
    write_sound_files(kind, tmp_path)
    contents = sound_contents(kind, tmp_path)
    files = [mutated(kind, seed, contents) for seed in range(12)]
    assert files == [mutated(kind, seed, contents) for seed in range(12)]
    assert len(set(files)) == len(files)
    assert not set(files) & set(contents)


@pytest.mark.parametrize(
    ("harm", "counted"),
    [
        ("crash", "SIGSEGV, and the safe opener lets the file pass"),
        ("bug", "ZeroDivisionError: a bug"),
        ("lines", "AssertionError: not one printable line"),
        ("bomb", "MemoryError"),
    ],
)
def test_a_fault_is_found_by_its_seed(
    harm: str, counted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader that fails at one file of a batch: its seed is named and the others are read."""
    monkeypatch.setattr(campaign, "WORKER", HARM)
    monkeypatch.setattr(campaign, "opened_safely", lambda path: path)
    monkeypatch.setenv("HARM", harm)
    found = fuzz("npz", range(5, 9))
    assert list(found.faults) == [7]
    assert counted in found.faults[7]
    assert found.read + found.refused == 3


def test_the_log_adds_up(tmp_path: Path) -> None:
    """What is written is read back, and a further portion is added to it."""
    first = Progress().and_then(Findings(read=3, refused=4, crashes={2: "SIGSEGV"}))
    assert first.files == 8
    write_log({"nir": first}, tmp_path / "log.json")
    again = read_log(tmp_path / "log.json")["nir"].and_then(Findings(1, 1, faults={9: "why"}))
    assert (again.files, again.read, again.refused) == (11, 4, 5)
    assert (again.crashes, again.faults) == ({"2": "SIGSEGV"}, {"9": "why"})
    assert read_log(tmp_path / "none.json") == {}
