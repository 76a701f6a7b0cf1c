"""One row of the table of networks."""

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict
from torch import nn


class NetworkOptions(BaseModel):
    """Options of one network; unknown keys are faults."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


@dataclass(frozen=True)
class Network:
    """A network that recipes can name.

    Args:
        summary: one line for `spikeport list networks`.
        options: pydantic model of its options.
        build: (options, sample shape, number of classes) -> the module, freshly initialised.
    """

    summary: str
    options: type[NetworkOptions]
    build: Callable[[NetworkOptions, tuple[int, ...], int], nn.Module]
