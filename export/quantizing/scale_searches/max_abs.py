"""max-abs: the largest weight takes the largest integer.

    scale = min over projections of min(highest / max w, lowest / min w)

or less where bias, threshold, state or readout leave less room.
"""

from export.quantizing.room import Room
from export.quantizing.scale_searches.scale_search import ScaleSearch


def max_abs(room: Room) -> float:
    """The largest scale at which every weight lies within the widest grid.

    Raises:
        LimitExceeded: no usable scale exists.
    """
    return room.fitting(min(room.unclipped, room.ceiling))


MAX_ABS = ScaleSearch("the largest weight takes the largest integer", max_abs)
