"""JapaneseVowels: found in the package aeon or a folder, whole and with the official split."""

import shutil
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import numpy as np
import pytest

from tests.ts_files import write_ts
from trainers.data import japanese_vowels
from trainers.data.japanese_vowels import FILES
from trainers.data.load import load_data
from trainers.errors import DataError

found = japanese_vowels._in_aeon()
assert found is not None, "run `pip install --no-deps aeon==1.6.0`, as make does"
AEON: Path = found


def by_hand(part: int) -> tuple[list[np.ndarray], list[str]]:
    """The raw sequences [T, 12] and class names of a file, by splitting its lines."""
    lines = (AEON / FILES[part]).read_text().split("@data\n")[1].splitlines()
    rows = [line.split(":") for line in lines]
    return [np.array([c.split(",") for c in row[:-1]], float).T for row in rows], [
        row[-1] for row in rows
    ]


def test_the_official_split_with_validation_held_out() -> None:
    """270 training utterances, 30 of each speaker, a fifth of them for validation; 370 tests."""
    data = load_data("japanese-vowels")
    assert (data.name, data.form, data.sample_shape) == ("japanese-vowels", "sequence", (12,))
    assert data.classes == tuple("123456789")
    assert data.train.inputs.shape == (216, 29, 12)
    assert np.bincount(data.train.labels).tolist() == [24] * 9
    assert np.bincount(data.validation.labels).tolist() == [6] * 9
    assert np.bincount(data.test.labels).tolist() == [31, 35, 88, 44, 29, 24, 40, 50, 29]
    assert "aeon" not in sys.modules


def test_test_utterances_are_those_of_the_file() -> None:
    """All 370 in their order, ending at step 29, before and after standardising."""
    sequences, names = by_hand(1)
    plain = load_data("japanese-vowels", standardize=False).test
    assert [str(label + 1) for label in plain.labels] == names
    assert {len(sequence) for sequence in sequences} <= set(range(7, 30))
    for row, sequence in zip(plain.inputs[:], sequences, strict=True):
        np.testing.assert_array_equal(row[29 - len(sequence) :], sequence.astype(np.float32))
        assert not row[: 29 - len(sequence)].any()


def test_the_first_utterance_standardised_by_hand() -> None:
    """(x - mean) / deviation of the 216 training utterances that are left."""
    held = {row[row[:, 0] != 0].tobytes() for row in plain_split("validation")}
    left = [
        sequence for sequence in by_hand(0)[0] if sequence.astype(np.float32).tobytes() not in held
    ]
    values = np.concatenate(left)
    assert len(left) == 216
    expected = (by_hand(1)[0][0] - values.mean(axis=0)) / values.std(axis=0)
    found = load_data("japanese-vowels").test.inputs[:1][0, 29 - len(expected) :]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def plain_split(part: str) -> np.ndarray:
    """Inputs of a split without standardising."""
    inputs: np.ndarray = getattr(load_data("japanese-vowels", standardize=False), part).inputs[:]
    return inputs


def test_a_folder_of_the_two_files(tmp_path: Path) -> None:
    """The same data from a copy."""
    for name in FILES:
        shutil.copy(AEON / name, tmp_path)
    found = load_data("japanese-vowels", path=tmp_path)
    np.testing.assert_array_equal(
        found.train.inputs[:], load_data("japanese-vowels").train.inputs[:]
    )
    (tmp_path / FILES[0]).unlink()
    with pytest.raises(DataError, match=f"needs {FILES[0]} and {FILES[1]}, but .* lacks them"):
        load_data("japanese-vowels", path=tmp_path)


def test_without_the_package_one_line_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both files, the command and the option; also for an empty module of that name."""
    for spec in (None, ModuleSpec("aeon", None)):
        monkeypatch.setattr(japanese_vowels, "find_spec", lambda name, spec=spec: spec)
        with pytest.raises(DataError) as error:
            load_data("japanese-vowels")
        text = str(error.value)
        for part in (*FILES, "pip install --no-deps aeon==1.6.0", "data.path"):
            assert part in text
        assert "\n" not in text


def test_other_data_under_its_name_are_refused(tmp_path: Path) -> None:
    """Cases, channels and classes are counted."""
    for name in FILES:
        write_ts(tmp_path / name)
    with pytest.raises(DataError, match=r"TRAIN\.ts: 20 cases of 2 channels and 2 classes, expec"):
        load_data("japanese-vowels", path=tmp_path)
