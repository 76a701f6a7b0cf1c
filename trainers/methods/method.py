"""What a training method is, and which of them go together."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, Protocol, get_args

from pydantic import BaseModel, ConfigDict

from trainers.network import SpikingNetwork

Part = Literal["threshold", "decay", "surrogate", "norm", "weight gradient", "loss", "readout"]
"""What a method may set: of every LIF, of the norms before them, of the whole network."""


class MethodOptions(BaseModel):
    """Options of one method; unknown keys are faults."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Prepare(Protocol):
    """Installs a method in a network before training; called once, on fresh weights."""

    def __call__(self, network: SpikingNetwork, options: MethodOptions) -> None:
        """Changes the network in place."""


class Parts(Protocol):
    """Which parts a method sets under given options."""

    def __call__(self, options: MethodOptions) -> frozenset[Part]:
        """The parts."""


@dataclass(frozen=True)
class Method:
    """One row of the table of methods.

    Args:
        summary: one line for `spikeport list methods`.
        source: the paper.
        options: pydantic model of its options.
        prepare: installs it.
        parts: what it sets; two methods that set the same part contradict each other.
    """

    summary: str
    source: str
    options: type[MethodOptions]
    prepare: Prepare
    parts: Parts


def contradictions(methods: Mapping[str, Method], chosen: Mapping[str, MethodOptions]) -> list[str]:
    """One clause per pair of methods that set the same part.

    Args:
        methods: the table.
        chosen: options of the methods to combine, by name.
    """
    parts = {name: methods[name].parts(options) for name, options in chosen.items()}
    return [
        f"{first} and {second} both set the {_listed(shared)}; use one of them"
        for first, second in combinations(parts, 2)
        if (shared := [part for part in get_args(Part) if part in parts[first] & parts[second]])
    ]


def _listed(parts: list[Part]) -> str:
    *others, last = parts
    return f"{', '.join(others)} and {last}" if others else last


def install(
    network: SpikingNetwork, methods: Mapping[str, Method], chosen: Mapping[str, MethodOptions]
) -> None:
    """Prepares a network by every chosen method; those that set norms come last.

    A norm's start depends on the thresholds that the others set. Methods that set the decay mean
    neurons whose input it doesn't scale, unless they say otherwise.
    """
    if any("decay" in methods[name].parts(options) for name, options in chosen.items()):
        for _, neuron in network.neurons():
            neuron.decay_input = False
    for name in sorted(chosen, key=lambda name: "norm" in methods[name].parts(chosen[name])):
        methods[name].prepare(network, chosen[name])
