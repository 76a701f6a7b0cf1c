"""Which test splits an export takes into memory."""

from pathlib import Path

import numpy as np
import pytest

from hwsim.pipeline import tested_samples
from hwsim.pipeline.tested_samples import refuse_large_test_split, with_tested_samples
from tests.image_folders import write_folder
from tests.tiny_training import few_digits
from trainers.data import DataSplits
from trainers.data.load import load_data
from trainers.errors import ConfigError

SAMPLE = 3 * 14 * 14 * 4
"""Bytes of one of the 18 test samples."""


@pytest.fixture
def data(tmp_path: Path) -> DataSplits:
    """A folder's splits, none of them read."""
    return load_data("image-folder", path=write_folder(tmp_path / "insects"), image_size=14)


def test_test_inputs_come_into_memory(data: DataSplits) -> None:
    """And nothing else does."""
    held, inputs = with_tested_samples(data)
    assert isinstance(inputs, np.ndarray)
    assert held.test.inputs is inputs
    np.testing.assert_array_equal(inputs, data.test.inputs[:])
    assert (held.train, held.validation) == (data.train, data.validation)
    assert held.test.labels is data.test.labels


def test_a_split_that_is_too_large_is_refused_unread(
    data: DataSplits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one line that says how many samples would do."""
    assert tested_samples.MAX_BYTES == 4 * 2**30
    monkeypatch.setattr(tested_samples, "MAX_BYTES", 18 * SAMPLE)
    refuse_large_test_split(data)
    monkeypatch.setattr(tested_samples, "MAX_BYTES", 18 * SAMPLE - 1)
    for check in (refuse_large_test_split, with_tested_samples):
        with pytest.raises(ConfigError, match=r"its 18 test .* data\.test_samples to at most 17"):
            check(data)


def test_arrays_in_memory_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are there already."""
    monkeypatch.setattr(tested_samples, "MAX_BYTES", 1)
    refuse_large_test_split(few_digits())
