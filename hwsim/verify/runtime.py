"""What a runtime is to the verification: something that is opened once and asked in batches."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import nir
import numpy as np
from numpy.typing import NDArray

from export.graph_order import OrderedNode, in_order
from export.nir_metadata import FrozenFacts, read_facts
from export.nir_neuron import discrete_neuron
from hwsim.errors import RuntimeRefused
from hwsim.verify.arithmetic import Arithmetic
from hwsim.verify.importers.faults import FOREIGN_FAULTS, fault_line

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Samples = NDArray[Any]

Membranes = Callable[[int], Mapping[str, FloatArray]]
"""Runs one sample of a batch again: per spiking node its membrane, [T, *shape], gain 1."""


@dataclass(frozen=True)
class Answer:
    """What a runtime did with one batch.

    Args:
        spikes: per spiking node of the graph, [T, N, *shape].
        logits: [N, classes].
        membranes: of one of the batch's samples, in units in which the input's gain is 1; None
            where the runtime doesn't expose them.
        after_reset: whether these membranes are what each step's reset left.
        fault: a contradiction the runtime found in itself; makes the verdict `different`.
        note: what a reader of the row must know; leaves the verdict alone.
    """

    spikes: dict[str, BoolArray]
    logits: FloatArray
    membranes: Membranes | None = None
    after_reset: bool = False
    fault: str = ""
    note: str = ""


@dataclass(frozen=True)
class Subject:
    """The network under test and its exported files.

    Args:
        graph: the frozen network, as read from model.nir or model.schedule.npz.
        onnx: model.onnx, if there is one.
        step_onnx: model.step.onnx, if there is one.
        profiles: files of the profiles in `export.profiles` that there are, by profile.
    """

    graph: nir.NIRGraph
    onnx: Path | None = None
    step_onnx: Path | None = None
    profiles: Mapping[str, Path] = field(default_factory=dict)

    @cached_property
    def facts(self) -> FrozenFacts:
        """The graph's facts."""
        return read_facts(self.graph)

    @cached_property
    def nodes(self) -> tuple[OrderedNode, ...]:
        """The graph's nodes in computing order, those of nested graphs among them."""
        return in_order(self.graph, loops=True)

    @cached_property
    def neurons(self) -> tuple[str, ...]:
        """Names of the spiking nodes in computing order."""
        return tuple(node.name for node in self.nodes if node.fires)

    @cached_property
    def gains(self) -> dict[str, FloatArray]:
        """Per spiking node the input's gain, which its membrane is divided by."""
        dt_s = self.facts.dt_s
        return {
            node.name: discrete_neuron(node.name, node.node, dt_s).gain
            for node in self.nodes
            if node.fires
        }


Ask = Callable[[Samples], Answer]


@runtime_checkable
class Closing(Protocol):
    """A runtime that holds something open, such as a process, until it is told to let go."""

    def close(self) -> None:
        """Lets go of it."""


@dataclass(frozen=True)
class Runtime:
    """An entry of the table of runtimes.

    Args:
        precision: as the table prints it.
        arithmetic: what its spikes and logits may differ by.
        open: imports the tool and the network, raising NotInstalled or RuntimeRefused; None where
            the subject lacks the file this runtime reads, which leaves it out of the table.
        compared_with: whose spikes and logits it is held to.
        imports_nir: it knows what NIR has fields for and nothing else, so that it is left out where
            thresholds move with time: there is no file for it to import.
        importer: the key in `hwsim.verify.importers.table`, where it is one of these.
        profile: whose file it imports, if not the network as it is.
    """

    precision: str
    arithmetic: Arithmetic
    open: Callable[[Subject], Ask | None]
    compared_with: str = "nir_executor"
    imports_nir: bool = False
    importer: str = ""
    profile: str | None = None


@contextmanager
def refusals(tool: str, *more: type[Exception]) -> Iterator[None]:
    """Turns what a foreign tool raises on a network it can't take into one line.

    Args:
        tool: for the message.
        more: the tool's own kinds of error.

    Raises:
        RuntimeRefused: the block failed.
    """
    faults: tuple[type[Exception], ...] = (*FOREIGN_FAULTS, *more)
    try:
        yield
    except faults as error:
        raise refused(tool, fault_line(error)) from error


def refused(tool: str, fault: str) -> RuntimeRefused:
    """What to raise for a tool that can't take a network."""
    return RuntimeRefused(f"{tool} can't take this network ({fault}).")
