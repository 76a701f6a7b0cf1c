"""Encoded samples as a lazy array: computed when indexed, never held."""

from collections.abc import Callable
from dataclasses import replace
from math import prod
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from trainers.data.splits import DataSplits, Inputs, Split
from trainers.data.stratified import Indices

BLOCK_VALUES = 1 << 20
"""Encoded values that are computed at once; working memory is a few times eight bytes each."""


class Encoder(Protocol):
    """Encodes many samples at once."""

    def __call__(self, samples: NDArray[np.float32], rows: Indices, /) -> NDArray[np.float32]:
        """[N, T, ...] for these samples, which have these places in their split."""


class EncodedInputs:
    """float32 [N, T, ...]; see `trainers.data.splits` about lazy inputs.

    Args:
        source: the samples before encoding, in memory or lazy.
        encoder: what is done to them; picklable, since readers may be other processes.
        sample: shape of an encoded sample, [T, ...].
    """

    def __init__(self, source: Inputs, encoder: Encoder, sample: tuple[int, ...]) -> None:
        self.source = source
        self.encoder = encoder
        self._sample = sample

    @property
    def shape(self) -> tuple[int, ...]:
        """[N, T, ...]."""
        return (len(self.source), *self._sample)

    @property
    def dtype(self) -> np.dtype[np.float32]:
        """float32."""
        return np.dtype(np.float32)

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, rows: slice | list[int] | NDArray[np.intp], /) -> NDArray[np.float32]:
        """Encodes these samples, in blocks that bound the memory it works in.

        Raises:
            DataError: a sample can't be read, or not be encoded.
        """
        chosen = np.arange(len(self))[rows]
        encoded = np.empty((len(chosen), *self._sample), np.float32)
        block = max(1, BLOCK_VALUES // prod(self._sample))
        for start in range(0, len(chosen), block):
            places = chosen[start : start + block]
            encoded[start : start + block] = self.encoder(self.source[places], places)
        return encoded


def as_sequences(data: DataSplits, encode: Callable[[int, Inputs], Inputs]) -> DataSplits:
    """The data with other inputs, sequences from here on.

    Args:
        data: before encoding.
        encode: the inputs of part 0 (training), 1 (validation) or 2 (test), encoded.
    """
    train, validation, test = (
        Split(encode(part, split.inputs), split.labels)
        for part, split in enumerate((data.train, data.validation, data.test))
    )
    return replace(data, form="sequence", train=train, validation=validation, test=test)
