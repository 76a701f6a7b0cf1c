"""Which states of which populations a simulation keeps, for which samples, and where."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike, NDArray

from export.chip.graph import ChipGraph
from hwsim.errors import SimulationError

State = Literal["u", "v", "s"]
STATES: tuple[State, ...] = ("u", "v", "s")

Allocate = Callable[[tuple[int, ...], DTypeLike], NDArray[Any]]
"""Makes a zeroed array of a shape and dtype: in memory, or mapped from a file."""


@dataclass(frozen=True)
class Recording:
    """What to keep.

    Args:
        states: population -> its states to keep.
        samples: first sample kept, and one past the last; None for all of them.
    """

    states: Mapping[str, frozenset[State]]
    samples: tuple[int, int] | None = None

    @classmethod
    def everything(cls, graph: ChipGraph) -> "Recording":
        """u, v and s of every population and sample."""
        return cls({population.name: frozenset(STATES) for population in graph.populations})

    def of(self, name: str) -> frozenset[State]:
        """The states of a population that are kept."""
        return self.states.get(name, frozenset())

    def rows(self, samples: int) -> slice:
        """The samples that are kept, of so many."""
        return slice(0, samples) if self.samples is None else slice(*self.samples)

    def overlap(self, part: slice, samples: int) -> tuple[slice, slice]:
        """Where a batch and the kept samples meet: rows of the recording, rows of the batch."""
        kept = self.rows(samples)
        first, last = max(part.start, kept.start), min(part.stop, kept.stop)
        last = max(first, last)
        return (
            slice(first - kept.start, last - kept.start),
            slice(first - part.start, last - part.start),
        )


NOTHING = Recording({})


def checked_recording(asked: bool | Recording, graph: ChipGraph, samples: int) -> Recording:
    """What is asked for, if the network has it.

    Raises:
        SimulationError: an unknown population, or samples that aren't there.
    """
    if isinstance(asked, bool):
        return Recording.everything(graph) if asked else NOTHING
    known = [population.name for population in graph.populations]
    for name in asked.states:
        if name not in known:
            raise SimulationError(f"recording: no population '{name}'. Known: {', '.join(known)}.")
    rows = asked.rows(samples)
    if not 0 <= rows.start < rows.stop <= samples:
        raise SimulationError(
            f"recording: samples {rows.start}:{rows.stop} of {samples}. Ask for some of "
            f"0:{samples}."
        )
    return asked


def in_memory(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """A zeroed array in memory."""
    return np.zeros(shape, dtype=dtype)
