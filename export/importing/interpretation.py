"""What an import made of a file, node by node, in numbers and words."""

from typing import Literal

import nir
import numpy as np
from pydantic import BaseModel, ConfigDict

from export.importing.reading import Reading
from export.nir_metadata import ResetRule
from export.nir_neuron import FloatArray, discrete_neuron
from export.node_shape import NEURON_KINDS
from export.reset_rules import IN_WORDS

Range = tuple[float, float]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class NodeMeaning(_Table):
    """One node with a state: ranges over its neurons.

    Args:
        name: in the imported graph.
        kind: NIR's.
        neurons: how many.
        decay: of the membrane in one step; 1 for none.
        synapse_decay: of the synapse in one step; None without one.
        gain: what an input of 1 adds to the membrane in its step, in the file's own units.
        reset: what a spike does; None where nothing fires.
        fires: spikes where the membrane is above, or also at, its threshold.
        lag: steps until its spikes show at its output.
        remark: what the file doesn't say and was taken as the writer's default.
    """

    name: str
    kind: str
    neurons: int
    decay: Range | None = None
    synapse_decay: Range | None = None
    gain: Range | None = None
    reset: ResetRule | None = None
    fires: Literal[">", ">="] = ">"
    lag: int = 0
    remark: str = ""

    def __str__(self) -> str:
        parts = [f"{self.name}: {self.kind} of {self.neurons:,}"]
        if self.decay is not None:
            parts.append(f"decay {_text(self.decay)}")
        if self.synapse_decay is not None:
            parts.append(f"synapse decay {_text(self.synapse_decay)}")
        if self.gain is not None:
            parts.append(f"gain {_text(self.gain)}")
        if self.reset is not None:
            parts.append(f"fires where v {self.fires} threshold, resets {IN_WORDS[self.reset]}")
        if self.lag:
            parts.append(f"output {self.lag} step later")
        return ", ".join(parts)


class Interpretation(_Table):
    """How a file was read.

    Args:
        writer: key of WRITERS; `spikeport` for files that say all themselves.
        title: the writer's name.
        dt_s: the step.
        stated: whether the step stood in the file.
        nodes: those with a state.
    """

    writer: str
    title: str
    dt_s: float
    stated: bool
    nodes: tuple[NodeMeaning, ...]

    def lines(self) -> tuple[str, ...]:
        """To be printed."""
        whence = "the file says" if self.stated else f"read as {self.title}"
        defaults = dict.fromkeys(node.remark for node in self.nodes if node.remark)
        return (
            f"dt {self.dt_s:g} s, {whence}",
            *(str(node) for node in self.nodes),
            *(f"not in the file: {remark}" for remark in defaults),
        )


def meaning(name: str, node: nir.NIRNode, reading: Reading, dt_s: float) -> NodeMeaning:
    """Describes a node of the imported graph.

    Args:
        name: in that graph.
        node: with full-size parameters.
        reading: what it was read as.
        dt_s: the step.

    Raises:
        InvalidGraph: parameters that can't be stepped.
    """
    kind, lag, remark = type(node).__name__, reading.lag, reading.remark
    if not isinstance(node, NEURON_KINDS):
        size = int(np.size(next(iter(_parameters(node)))))
        return NodeMeaning(name=name, kind=kind, neurons=size, lag=lag, remark=remark)
    found = discrete_neuron(name, node, dt_s)
    return NodeMeaning(
        name=name,
        kind=kind,
        neurons=int(found.decay.size),
        decay=_range(found.decay),
        synapse_decay=_range(found.synapse_decay) if found.has_synapse else None,
        gain=_range(found.gain),
        reset=None if isinstance(node, nir.Threshold) else reading.reset,
        fires=">=" if reading.fires_at_threshold else ">",
        lag=lag,
        remark=remark,
    )


def _parameters(node: nir.NIRNode) -> list[FloatArray]:
    return [value for value in vars(node).values() if isinstance(value, np.ndarray)]


def _range(values: FloatArray) -> Range:
    return float(values.min()), float(values.max())


def _text(ends: Range) -> str:
    low, high = (f"{end:.5g}" for end in ends)
    return low if low == high else f"{low} to {high}"
