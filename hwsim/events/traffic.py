"""How far messages travel over the mesh, and how many pass its busiest link.

Routing is dimension-ordered: first along the row of the sending tile, then along the column of the
receiving one (Loihi's; reference: Davies et al. 2018).
"""

from dataclasses import dataclass

import numpy as np

from export.chip.graph import IntArray
from hwsim.placement.placement import Placement


@dataclass(frozen=True)
class Distances:
    """Between the cores of a sending and a receiving population, int64 [senders, receivers]."""

    in_tile: IntArray
    east_west: IntArray
    north_south: IntArray
    crossings: IntArray

    @classmethod
    def between(cls, placement: Placement, senders: slice, receivers: slice) -> "Distances":
        """Distances between two ranges of cores."""

        def apart(position: IntArray) -> IntArray:
            return np.asarray(np.abs(position[senders, None] - position[None, receivers]))

        crossings = apart(placement.chip)
        return cls(
            in_tile=((apart(placement.tile) == 0) & (crossings == 0)).astype(np.int64),
            east_west=apart(placement.column),
            north_south=apart(placement.row),
            crossings=crossings,
        )


class LinkLoad:
    """Messages on every directed link between neighbouring tiles, per chip step."""

    def __init__(self, placement: Placement, steps: int) -> None:
        """No message yet."""
        self._placement = placement
        shape = (steps, int(placement.row.max()) + 2, int(placement.column.max()) + 2)
        self._east, self._west, self._south, self._north = np.zeros((4, *shape), dtype=np.int64)

    def add(self, messages: IntArray, senders: slice, receivers: slice, steps: IntArray) -> None:
        """Routes messages [T, senders, receivers], sent at the given chip steps [T]."""
        place = self._placement
        from_row, from_column = place.row[senders, None], place.column[senders, None]
        to_row, to_column = place.row[None, receivers], place.column[None, receivers]
        # A route is entered at its two ends only: the running sum fills what lies between.
        _between(self._east, messages, steps, from_row, from_column, to_column, along=2)
        _between(self._west, messages, steps, from_row, to_column, from_column, along=2)
        _between(self._south, messages, steps, to_column, from_row, to_row, along=1)
        _between(self._north, messages, steps, to_column, to_row, from_row, along=1)

    def busiest(self) -> IntArray:
        """[S] messages on the busiest link of each step."""
        loads = [
            self._east.cumsum(axis=2), self._west.cumsum(axis=2),
            self._south.cumsum(axis=1), self._north.cumsum(axis=1),
        ]  # fmt: skip
        return np.asarray(np.max([load.max(axis=(1, 2)) for load in loads], axis=0))


def _between(
    ends: IntArray,
    messages: IntArray,
    steps: IntArray,
    line: IntArray,
    first: IntArray,
    last: IntArray,
    *,
    along: int,
) -> None:
    """Enters routes from `first` to `last` > `first` on a line (row or column) of tiles."""
    line, first, last = np.broadcast_arrays(line, first, last)
    pairs = np.nonzero(last > first)
    sent = messages[:, pairs[0], pairs[1]]
    line, first, last = line[pairs], first[pairs], last[pairs]
    when = steps[:, None]
    if along == 2:
        np.add.at(ends, (when, line[None], first[None]), sent)
        np.subtract.at(ends, (when, line[None], last[None]), sent)
    else:
        np.add.at(ends, (when, first[None], line[None]), sent)
        np.subtract.at(ends, (when, last[None], line[None]), sent)
