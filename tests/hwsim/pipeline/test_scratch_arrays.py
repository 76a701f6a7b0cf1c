"""Big results go to files that nobody sees and that take their space at once."""

from pathlib import Path

import numpy as np
import pytest

from hwsim.pipeline.scratch_arrays import ScratchArrays, scratch_folder
from tests.full_disk import full_disk
from trainers.errors import FileError


def test_memory_first_then_files(tmp_path: Path) -> None:
    """Zeros that keep what is written, released or not, without a name in the folder."""
    scratch = ScratchArrays(tmp_path, memory_bytes=1000)
    arrays = [scratch.allocate((10, size), np.int32) for size in (20, 1, 500, 3)]
    assert [array.base is None for array in arrays] == [True, True, False, True]
    for number, array in enumerate(arrays):
        assert not array.any()
        array[3:5] = number + 1
    scratch.release()
    for number, array in enumerate(arrays):
        assert array.sum() == (number + 1) * 2 * array.shape[1]
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_known_at_once(tmp_path: Path) -> None:
    """One line when the array is made, nothing later."""
    scratch = ScratchArrays(tmp_path, memory_bytes=0)
    with full_disk(1_000_000), pytest.raises(FileError, match="can't be written"):
        scratch.allocate((2_000_000,), np.uint8)
    assert not list(tmp_path.iterdir())


def test_the_folder_is_where_the_results_will_be(tmp_path: Path) -> None:
    """Or above it, as long as it isn't there."""
    assert scratch_folder(tmp_path) == tmp_path
    assert scratch_folder(tmp_path / "not" / "yet") == tmp_path
