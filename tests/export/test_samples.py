"""samples.npz: what each runtime is given, checked before anything runs on it."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from export.samples import Samples, read_samples, write_samples
from tests.full_disk import full_disk
from trainers.errors import DataError, FileError
from trainers.npz_file import read_npz, write_npz

Arrays = dict[str, NDArray[Any]]


def arrays(**changed: Any) -> Arrays:
    """Six samples of a network with three classes; a change of None leaves an array out."""
    rng = np.random.default_rng(0)
    complete: dict[str, Any] = {
        "inputs": rng.random((6, 1, 4, 4), dtype=np.float32),
        "labels": np.array([0, 1, 2, 2, 1, 0]),
        "logits": rng.normal(size=(6, 3)),
        "chip_inputs": rng.integers(-4095, 4096, size=(6, 2, 4, 4)),
    } | changed
    return {name: array for name, array in complete.items() if array is not None}


def written(path: Path, **changed: Any) -> Path:
    """A file with these arrays."""
    write_npz(path / "samples.npz", arrays(**changed))
    return path / "samples.npz"


@pytest.mark.parametrize("with_chip", [True, False])
def test_samples_survive_the_file(tmp_path: Path, with_chip: bool) -> None:
    """Every array comes back with its dtype; networks without a chip file have no chip_inputs."""
    given = arrays() if with_chip else arrays(chip_inputs=None)
    write_samples(tmp_path / "samples.npz", Samples(**given))
    assert read_npz(tmp_path / "samples.npz").keys() == given.keys()
    found = read_samples(tmp_path / "samples.npz")
    for name, array in given.items():
        read = getattr(found, name)
        assert read.dtype == array.dtype
        np.testing.assert_array_equal(read, array)
    assert (found.chip_inputs is None) == (not with_chip)


def test_labels_become_64_bits_and_payloads_stay_narrow(tmp_path: Path) -> None:
    """Labels index arrays; payloads of a large test split are kept as they lie in the file."""
    path = written(
        tmp_path,
        labels=np.zeros(6, dtype=np.uint8),
        chip_inputs=np.full((6, 2), -5, dtype=np.int16),
    )
    found = read_samples(path)
    assert found.chip_inputs is not None
    assert found.labels.dtype == np.int64
    assert found.chip_inputs.dtype == np.int16
    assert (found.chip_inputs == -5).all()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"inputs": None}, r"no array 'inputs' \(real numbers \[N, \.\.\.\]\)"),
        ({"labels": None}, r"no array 'labels' \(integers of rank 1\)"),
        ({"logits": None}, r"no array 'logits' \(real numbers of rank 2\)"),
        ({"labels": np.array([0, 1, 2, 3, 1, 0])}, "labels 0 to 3 lie outside 0 to 2"),
        ({"labels": np.array([0, 1, -1, 2, 1, 0])}, "labels -1 to 2 lie outside 0 to 2"),
        ({"labels": np.zeros(6)}, r"'labels' holds float64 of shape \(6,\), expected integers"),
        ({"labels": np.array(["a"] * 6)}, "'labels' holds <U1 of shape"),
        ({"labels": np.zeros((6, 1), dtype=int)}, r"'labels' holds int64 of shape \(6, 1\)"),
        ({"logits": np.zeros(6)}, r"'logits' holds float64 of shape \(6,\), expected real"),
        ({"logits": np.zeros((6, 3), dtype=complex)}, "'logits' holds complex128"),
        ({"inputs": np.array(1.5)}, r"'inputs' holds float64 of shape \(\)"),
        ({"inputs": np.array(["a"] * 6)}, "'inputs' holds <U1"),
        ({"chip_inputs": np.zeros((6, 2))}, "'chip_inputs' holds float64 .* expected integers"),
        ({"chip_inputs": np.array(3)}, r"'chip_inputs' holds int64 of shape \(\)"),
        ({"inputs": np.zeros((5, 4))}, "holds 5 inputs, 6 labels, 6 logits, 6 chip_inputs"),
        ({"chip_inputs": np.zeros((7, 4), int)}, "6 logits, 7 chip_inputs; they must be equally"),
        (
            {"inputs": np.zeros((0, 4)), "labels": np.zeros(0, int), "logits": np.zeros((0, 3)),
             "chip_inputs": None},
            "0 inputs, 0 labels, 0 logits; they must be equally many and at least 1",
        ),
    ],
)  # fmt: skip
def test_arrays_that_can_not_be_meant(tmp_path: Path, changed: Arrays, message: str) -> None:
    """Missing, of another rank or dtype, of other lengths, labels without a logit: by name."""
    with pytest.raises(DataError, match=message) as error:
        read_samples(written(tmp_path, **changed))
    assert "\n" not in str(error.value)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    """Half a file, no file."""
    path = written(tmp_path)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(FileError, match=r"isn't a readable \.npz file"):
        read_samples(path)
    with pytest.raises(FileError, match="no such file"):
        read_samples(tmp_path / "other.npz")


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    """The file is written whole or not at all."""
    with full_disk(200), pytest.raises(FileError, match="can't be written"):
        write_samples(tmp_path / "samples.npz", Samples(**arrays()))
    assert os.listdir(tmp_path) == []
