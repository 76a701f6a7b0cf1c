"""What a training method may change: threshold rule, surrogate, norm and decay of every LIF."""

from dataclasses import dataclass
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from trainers.network import SpikingNetwork


class MethodOptions(BaseModel):
    """Options of one method; unknown keys are faults."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Prepare(Protocol):
    """Installs a method in a network before training; called once, on fresh weights."""

    def __call__(self, network: SpikingNetwork, options: MethodOptions) -> None:
        """Changes the network in place."""


@dataclass(frozen=True)
class Method:
    """One row of the table of methods.

    Args:
        summary: one line for `spikeport list methods`.
        source: the paper.
        options: pydantic model of its options.
        prepare: installs it.
    """

    summary: str
    source: str
    options: type[MethodOptions]
    prepare: Prepare
