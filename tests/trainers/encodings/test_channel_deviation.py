"""Standard deviations read block by block: numpy's, in float64."""

import numpy as np
import pytest

from trainers.data import DataSplits, Split
from trainers.encodings import channel_deviation as module
from trainers.encodings.channel_deviation import channel_deviation
from trainers.errors import DataError


def data(*shape: int, offset: float = 0.0) -> DataSplits:
    """Sequences whose channels have other means and spreads."""
    random = np.random.default_rng(3)
    values = random.normal(size=shape) * np.arange(1, shape[2] + 1).reshape(
        -1, *[1] * (len(shape) - 3)
    )
    part = Split((values + offset).astype(np.float32), np.arange(shape[0]) % 2)
    other = Split(100 * part.inputs[:2], part.labels[:2])
    return DataSplits("mine", part, other, other, ("a", "b"), form="sequence")


@pytest.mark.parametrize("block", [1, 70, 1 << 20])
@pytest.mark.parametrize("shape", [(11, 6, 3), (7, 2, 2, 3, 5)])
def test_it_is_the_training_split_s(
    monkeypatch: pytest.MonkeyPatch, block: int, shape: tuple[int, ...]
) -> None:
    """Over samples, steps and pixels, in blocks of any size, also far from zero."""
    monkeypatch.setattr(module, "BLOCK_VALUES", block)
    mine = data(*shape, offset=1000.0)
    values = np.asarray(mine.train.inputs[:], np.float64)
    expected = np.moveaxis(values, 2, 0).reshape(shape[2], -1).std(axis=1)
    np.testing.assert_allclose(channel_deviation("delta", mine), expected, rtol=1e-12)


def test_a_constant_channel_is_named() -> None:
    """No step can be a share of nothing."""
    mine = data(5, 4, 3)
    mine.train.inputs[:][..., 1] = np.float32(0.1)
    with pytest.raises(DataError, match=r"channel 1 of data set 'mine' has the value 0\.1 in all"):
        channel_deviation("delta", mine)
