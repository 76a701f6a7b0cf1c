"""What a runtime is to the verification: something that is opened once and asked in batches."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from export.graph_order import OrderedNode, in_order
from export.nir_metadata import FrozenFacts, read_facts
from hwsim.errors import RuntimeRefused
from hwsim.verify.arithmetic import Arithmetic

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Samples = NDArray[Any]

FOREIGN_FAULTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""How a foreign importer says that it can't take a network: no two use the same."""


@dataclass(frozen=True)
class Answer:
    """What a runtime did with one batch.

    Args:
        spikes: per spiking node of the graph, [T, N, *shape].
        logits: [N, classes].
        fault: a contradiction the runtime found in itself; makes the verdict `different`.
        note: what a reader of the row must know; leaves the verdict alone.
    """

    spikes: dict[str, BoolArray]
    logits: FloatArray
    fault: str = ""
    note: str = ""


@dataclass(frozen=True)
class Subject:
    """The network under test and its exported files.

    Args:
        graph: the frozen network, as read from model.nir or model.schedule.npz.
        onnx: model.onnx, if there is one.
        step_onnx: model.step.onnx, if there is one.
    """

    graph: nir.NIRGraph
    onnx: Path | None = None
    step_onnx: Path | None = None

    @cached_property
    def facts(self) -> FrozenFacts:
        """The graph's facts."""
        return read_facts(self.graph)

    @cached_property
    def nodes(self) -> tuple[OrderedNode, ...]:
        """The graph's nodes in computing order."""
        return in_order(self.graph)

    @cached_property
    def neurons(self) -> tuple[str, ...]:
        """Names of the spiking nodes in computing order."""
        return tuple(node.name for node in self.nodes if node.fires)


Ask = Callable[[Samples], Answer]


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
    """

    precision: str
    arithmetic: Arithmetic
    open: Callable[[Subject], Ask | None]
    compared_with: str = "nir_executor"
    imports_nir: bool = False


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
        lines = str(error).splitlines() or [""]
        raise RuntimeRefused(
            f"{tool} can't take this network ({type(error).__name__}: {lines[0]})."
        ) from error
