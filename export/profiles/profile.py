"""What a profile is: one way of writing a frozen network that certain tools run unchanged."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import nir

from export.errors import UnsupportedLayer
from export.nir_metadata import ResetRule

Settings = Mapping[ResetRule, Mapping[str, str]]
"""Per reset rule of a network, attribute to value on every neuron of the loaded network."""


@dataclass(frozen=True)
class Profile:
    """One row of the table of profiles.

    Args:
        summary: one line.
        file: its name in the run folder.
        encode: makes the graph that is written of a frozen one, which is left as it was; raises
            UnsupportedLayer or LimitExceeded, by node, on what its tools can't run.
        tools: who runs it, by the names of `export.profiles.refusals`.
        settings: what must be set on every neuron of the loaded network, without which the tool
            runs another one.
    """

    summary: str
    file: str
    encode: Callable[[nir.NIRGraph], nir.NIRGraph]
    tools: tuple[str, ...]
    settings: Settings = field(default_factory=lambda: {"zero": {}})


def refused(where: str, what: str, profile: str, why: str, able: str) -> UnsupportedLayer:
    """A refusal in one line.

    Args:
        where: the node.
        what: it does.
        profile: that can't hold it.
        why: it can't.
        able: who could, as in "profile cuba".
    """
    return UnsupportedLayer(f"{where}: {what}; profile {profile} can't hold that ({why}). {able}")
