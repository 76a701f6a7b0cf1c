"""squared-error: the scale that changes the weights least, clipping included.

minimise  sum over all weights of (w - integer / scale)^2
"""

from export.quantizing.room import Room
from export.quantizing.scale_searches.candidates import whole_range
from export.quantizing.scale_searches.scale_search import ScaleSearch

PER_OCTAVE = 16
"""Neighbouring candidates differ by 4.4 %."""


def squared_error(room: Room) -> float:
    """The best of scales between half of max-abs's and 16 times as much.

    Raises:
        LimitExceeded: no usable scale exists.
    """
    return min(whole_range(room, PER_OCTAVE), key=room.squared_error)


SQUARED_ERROR = ScaleSearch("the smallest squared error of the weights", squared_error)
