"""What the chip needs of samples.npz, from a file that may be anyone's."""

from pathlib import Path

import numpy as np
import pytest

from hwsim.pipeline.chip_samples import open_chip_samples, read_labels
from trainers.errors import DataError


def written(path: Path, **changed: object) -> Path:
    """A file of three samples with some arrays changed."""
    arrays = {
        "inputs": np.zeros((3, 2), dtype=np.float32),
        "labels": np.array([0, 1, 1]),
        "logits": np.zeros((3, 2)),
        "chip_inputs": np.ones((3, 2), dtype=np.int64),
    }
    np.savez(path, **(arrays | changed))  # type: ignore[arg-type]
    return path


def test_inputs_and_labels(tmp_path: Path) -> None:
    """A sound file's."""
    with open_chip_samples(written(tmp_path / "s.npz"), scratch=tmp_path) as samples:
        assert samples.labels.tolist() == [0, 1, 1]
        assert samples.chip_inputs[:].tolist() == [[1, 1]] * 3


@pytest.mark.parametrize("name", ["inputs", "labels", "logits", "chip_inputs"])
def test_an_array_without_rows_is_refused(name: str, tmp_path: Path) -> None:
    """A single number has no row per sample, whichever array it stands for."""
    with pytest.raises(DataError, match=f"no array '{name}' with a row per sample"):
        read_labels(written(tmp_path / "s.npz", **{name: np.array(3)}))
