"""One row of the table of encodings."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

from trainers.data import DataSplits


class EncodingOptions(BaseModel):
    """Options of one encoding; unknown keys are faults."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


@dataclass(frozen=True)
class Encoding:
    """How samples become what the network sees at each time step.

    Args:
        summary: one line for `spikeport list encodings`.
        source: who described it.
        options: pydantic model of its options.
        takes: the form of data it encodes; None: both.
        encode: from data of that form, options, time steps and seed to encoded data.
    """

    summary: str
    source: str
    options: type[EncodingOptions]
    takes: Literal["static", "sequence"] | None
    encode: Callable[[DataSplits, EncodingOptions, int, int], DataSplits]
