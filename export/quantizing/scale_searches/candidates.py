"""Scales worth trying: evenly spaced in their logarithm, and the one that clips nothing."""

from math import log2

import numpy as np

from export.errors import LimitExceeded
from export.quantizing.room import Room
from export.quantizing.scale_searches.max_abs import max_abs

REACH = 16.0
"""How far past the largest scale that clips nothing it is worth looking: 2 bits gain most."""


def candidates(room: Room, lowest: float, highest: float, per_octave: int) -> tuple[float, ...]:
    """Scales that fit, largest first; `max_abs`'s is always one of them.

    Args:
        room: of the population.
        lowest: where to begin.
        highest: where to end; what doesn't fit is lowered until it does.
        per_octave: how many per factor of 2.

    Raises:
        LimitExceeded: no usable scale exists.
    """
    found = {max_abs(room)}
    top = room.fitting(min(highest, room.ceiling))
    steps = max(1, round(per_octave * log2(top / lowest))) if top > lowest else 0
    for scale in np.geomspace(min(lowest, top), top, steps + 1):
        try:
            found.add(room.fitting(float(scale)))
        except LimitExceeded:
            # Coarse weights all vanish at a small scale; larger ones follow.
            continue
    return tuple(sorted(found, reverse=True))


def whole_range(room: Room, per_octave: int) -> tuple[float, ...]:
    """Candidates from half the largest scale that clips nothing, or that fits, to far past it.

    Raises:
        LimitExceeded: no usable scale exists.
    """
    largest = min(room.unclipped, room.ceiling)
    return candidates(room, largest / 2, REACH * room.unclipped, per_octave)
