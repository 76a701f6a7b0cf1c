"""delta: a spike for every level that a signal crosses, up and down on channels of their own.

    d[t]    = trunc((x[t] - L[t-1]) / step)          levels crossed since the last one
    n[t]    = d[t], or d[t] clipped to -1..1         levels sent
    L[t]    = L[t-1] + n[t] step                     level that a receiver of the spikes knows
    up[t]   = max(n[t], 0),  down[t] = max(-n[t], 0)

L starts at the first value (then the first step is silent), or at 0 (then it tells where the signal
starts). With counts, |x[t] - L[t]| < step after every step; clipped, L follows what was sent, one
level per step, and catches up later. Levels are kept as whole numbers of steps, so the sum of all
spikes times the step is the level exactly, however long the sequence.

Source: level crossing sampling as send-on-delta (Miskowicz 2006) with integrals of the sent spikes
as the receiver's level (Corradi and Indiveri 2015, asynchronous delta modulator); clipped it is the
step-forward encoding of Petro, Kasabov and Kiss 2020.
"""

from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from trainers.data import DataSplits
from trainers.data.stratified import Indices
from trainers.encodings.channel_deviation import channel_deviation
from trainers.encodings.encoded_inputs import EncodedInputs, as_sequences
from trainers.encodings.encoding import Encoding, EncodingOptions
from trainers.errors import DataError

FloatArray = NDArray[np.float64]

LEVELS_MAX = 1 << 24
"""Distance from the start in levels up to which float32 holds every count exactly."""


class DeltaOptions(EncodingOptions):
    """Options of `delta`.

    Args:
        step: distance of two levels, in `unit`.
        unit: `signal`, or `std`: each channel's standard deviation over the training split.
        crossings: several in one time step are sent as their `count`, or as `one` spike.
        start: where the level starts: at the `first` value, or at `zero`.
    """

    step: float = Field(default=0.5, gt=0)
    unit: Literal["signal", "std"] = "std"
    crossings: Literal["count", "one"] = "count"
    start: Literal["first", "zero"] = "first"


@dataclass(frozen=True)
class DeltaEncoder:
    """Level crossings.

    Args:
        steps: distance of two levels, of each channel.
        options: of `delta`; `step` and `unit` are settled in `steps`.
    """

    steps: tuple[float, ...]
    options: DeltaOptions

    def __call__(self, samples: NDArray[np.float32], rows: Indices) -> NDArray[np.float32]:
        """Up, then down channels, [N, T, 2 C, ...], for signals [N, T, C, ...].

        Raises:
            DataError: a signal runs over more levels than can be counted.
        """
        del rows
        steps = np.array(self.steps).reshape(-1, *[1] * (samples.ndim - 3))
        signal = samples.astype(np.float64)
        if self.options.start == "first":
            signal -= signal[:, :1]
        _refuse_too_many_levels(signal, steps)
        sent = self._sent(signal / steps)
        both = np.concatenate([np.maximum(sent, 0), np.maximum(-sent, 0)], axis=2)
        return both.astype(np.float32)

    def _sent(self, signal: FloatArray) -> FloatArray:
        """Levels sent at each step, signed, for a signal in units of levels."""
        sent = np.empty_like(signal)
        level = np.zeros_like(signal[:, 0])
        most = 1.0 if self.options.crossings == "one" else np.inf
        for step in range(signal.shape[1]):
            crossed = np.trunc(signal[:, step] - level)
            sent[:, step] = np.clip(crossed, -most, most)
            level += sent[:, step]
        return sent


def _refuse_too_many_levels(signal: FloatArray, steps: FloatArray) -> None:
    reach, most = np.abs(signal), LEVELS_MAX * steps
    if (reach > most).any():
        raise DataError(
            f"encoding 'delta': a signal lies {reach.max():g} from where its level starts, more "
            f"than {LEVELS_MAX:,} steps of {steps.min():g}. Set a larger encoding.step."
        )


def encode(data: DataSplits, options: EncodingOptions, time_steps: int, seed: int) -> DataSplits:
    """Sequences [N, T, 2 C, ...] for sequences [N, T, C, ...].

    Raises:
        DataError: with unit `std`, a channel of the training split is constant.
    """
    del time_steps, seed
    chosen = cast(DeltaOptions, options)
    channels, *rest = data.sample_shape
    units = (
        channel_deviation("delta", data) if chosen.unit == "std" else np.ones(channels, np.float64)
    )
    encoder = DeltaEncoder(tuple((chosen.step * units).tolist()), chosen)
    sample = (data.train.inputs.shape[1], 2 * channels, *rest)

    return as_sequences(data, lambda _, inputs: EncodedInputs(inputs, encoder, sample))


DELTA = Encoding(
    summary="a spike for every level a signal crosses, up and down channels; sequences",
    source="Corradi and Indiveri 2015",
    options=DeltaOptions,
    takes="sequence",
    encode=encode,
)
