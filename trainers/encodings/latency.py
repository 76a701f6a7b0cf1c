"""latency: one spike per value, the earlier the larger the value is.

A threshold falls from 1 at step 0 to its lowest at step T-1; a value spikes when it is reached,
rounded to the nearest step (halves to the even one). Values up to `threshold` never spike.

    linear:       t(x) = (T - 1) (1 - x)
    logarithmic:  t(x) = (T - 1) ln(x) / ln(threshold)        so that t(threshold) = T - 1

Source: linear as in snnTorch's spikegen.latency (normalize, linear) and SpikingJelly's
LatencyEncoder; logarithmic is the exponentially falling threshold of T2FSNN (Park et al., DAC
2020), exp(-t / tau) with tau = (T - 1) / ln(1 / threshold).

Each value is encoded by itself and 0 never spikes, so moving or blanking pixels ([augment]'s crop,
flip, rotation, roll and cutout) after encoding, the same at every step, is the same as before it.
"""

from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from trainers.data import DataSplits
from trainers.data.stratified import Indices
from trainers.encodings.encoded_inputs import EncodedInputs, as_sequences
from trainers.encodings.encoding import Encoding, EncodingOptions
from trainers.encodings.unit_interval import in_unit_interval, refuse_outside


class LatencyOptions(EncodingOptions):
    """Options of `latency`.

    Args:
        time: how the threshold falls: `linear` or `logarithmic`.
        threshold: values up to this one never spike; above 0 for logarithmic time.
    """

    time: Literal["linear", "logarithmic"] = "linear"
    threshold: float = Field(default=0.01, ge=0, lt=1)

    @model_validator(mode="after")
    def _logarithm_exists(self) -> "LatencyOptions":
        if self.time == "logarithmic" and self.threshold == 0:
            raise ValueError("threshold 0 is never reached in logarithmic time; set it above 0")
        return self


@dataclass(frozen=True)
class LatencyEncoder:
    """Spikes at the step that stands for a value.

    Args:
        time_steps: T.
        options: of `latency`.
    """

    time_steps: int
    options: LatencyOptions

    def __call__(self, samples: NDArray[np.float32], rows: Indices) -> NDArray[np.float32]:
        """Spikes [N, T, ...] for values [N, ...] in [0, 1]."""
        del rows
        at = self.spike_steps(in_unit_interval("latency", samples))
        steps = np.arange(self.time_steps).reshape(-1, *[1] * (samples.ndim - 1))
        spikes: NDArray[np.float32] = (at[:, None] == steps).astype(np.float32)
        return spikes

    def spike_steps(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """The step 0 to T-1 at which each value spikes; -1 for never."""
        last, threshold = np.float32(self.time_steps - 1), np.float32(self.options.threshold)
        fires = values > threshold
        if self.options.time == "linear":
            times = last * (1 - values)
        else:
            times = last * np.log(values, where=fires, out=np.zeros_like(values))
            times /= np.log(threshold)
        steps: NDArray[np.float32] = np.where(fires, np.rint(times), np.float32(-1))
        return steps


def encode(data: DataSplits, options: EncodingOptions, time_steps: int, seed: int) -> DataSplits:
    """Sequences of spikes [N, T, ...] for static samples.

    Raises:
        ConfigError: values in memory lie outside [0, 1].
    """
    del seed
    refuse_outside("latency", data)
    encoder = LatencyEncoder(time_steps, cast(LatencyOptions, options))
    sample = (time_steps, *data.sample_shape)

    return as_sequences(data, lambda _, inputs: EncodedInputs(inputs, encoder, sample))


LATENCY = Encoding(
    summary="one spike per value in [0, 1], early for large ones; static samples",
    source="Park et al. 2020",
    options=LatencyOptions,
    takes="static",
    encode=encode,
)
