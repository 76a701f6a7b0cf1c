"""rate: random spikes, the more the larger a value is.

    s[t] ~ Bernoulli(x), independent for every value and time step, x in [0, 1]

Source: Heeger 2000, "Poisson model of spike generation", with one bin per time step; as in
snnTorch's spikegen.rate and SpikingJelly's PoissonEncoder. x = 0 never spikes and x = 1 always.

Draws of training samples depend on (seed, epoch, place in the split), those of validation and test
samples on (seed, place in the split) alone, so an evaluation repeats. Between epochs, indexing the
training split gives the draws of epoch 0.

Each value is encoded by itself and 0 never spikes, so moving or blanking pixels ([augment]'s crop,
flip, rotation, roll and cutout) after encoding, the same at every step, is the same as before it.
"""

from dataclasses import dataclass, replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from trainers.data import DataSplits
from trainers.data.splits import Inputs
from trainers.data.stratified import Indices
from trainers.encodings.encoded_inputs import EncodedInputs, as_sequences
from trainers.encodings.encoding import Encoding, EncodingOptions
from trainers.encodings.sample_random import uniform
from trainers.encodings.unit_interval import in_unit_interval, refuse_outside


class RateOptions(EncodingOptions):
    """`rate` has no options."""


@dataclass(frozen=True)
class RateEncoder:
    """Bernoulli spikes.

    Args:
        time_steps: T.
        key: what names the draw: seed, split, epoch.
    """

    time_steps: int
    key: tuple[int, ...]

    def __call__(self, samples: NDArray[np.float32], rows: Indices) -> NDArray[np.float32]:
        """Spikes [N, T, ...] for values [N, ...] in [0, 1]."""
        probabilities = in_unit_interval("rate", samples)[:, None]
        shape = (len(samples), self.time_steps, *samples.shape[1:])
        count = prod(shape[1:])
        spikes: NDArray[np.float32] = (
            uniform(self.key, rows, count).reshape(shape) < probabilities
        ).astype(np.float32)
        return spikes


class TrainingRateInputs(EncodedInputs):
    """Rate-encoded inputs with other draws in each epoch."""

    def __init__(self, source: Inputs, encoder: RateEncoder, sample: tuple[int, ...]) -> None:
        super().__init__(source, encoder, sample)
        self._rate = encoder

    def in_epoch(self, epoch: int) -> EncodedInputs:
        """These inputs as that epoch sees them."""
        key = (*self._rate.key[:-1], epoch)
        return EncodedInputs(self.source, replace(self._rate, key=key), self.shape[1:])


def encode(data: DataSplits, options: EncodingOptions, time_steps: int, seed: int) -> DataSplits:
    """Sequences of spikes [N, T, ...] for static samples.

    Raises:
        ConfigError: values in memory lie outside [0, 1].
    """
    del options
    refuse_outside("rate", data)
    sample = (time_steps, *data.sample_shape)

    def encoded(part: int, inputs: Inputs) -> EncodedInputs:
        # Parts differ in their key, or their first samples would get the same draws.
        encoder = RateEncoder(time_steps, key=(seed, part, 0))
        kind = TrainingRateInputs if part == 0 else EncodedInputs
        return kind(inputs, encoder, sample)

    return as_sequences(data, encoded)


RATE = Encoding(
    summary="Bernoulli spikes at every step, probability = value in [0, 1]; static samples",
    source="Heeger 2000",
    options=RateOptions,
    takes="static",
    encode=encode,
)
