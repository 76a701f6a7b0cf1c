"""percentile: the largest 0.1 % of each projection's weights are clipped for the others' sake.

scale = min over projections of highest / (99.9th percentile of |w|)
"""

import numpy as np

from export.quantizing.room import Room
from export.quantizing.scale_searches.scale_search import ScaleSearch
from export.quantizing.weight_grid import weight_grids

PERCENTILE = 99.9


def percentile(room: Room) -> float:
    """The largest scale that clips no more than that share of any projection's weights.

    Raises:
        LimitExceeded: no usable scale exists.
    """
    highest = weight_grids(room.bits)[0].highest
    size = max(float(np.percentile(np.abs(weight), PERCENTILE)) for weight in room.weights)
    clipping = max(highest / size, room.unclipped) if size > 0 else room.unclipped
    return room.fitting(min(clipping, room.ceiling))


PERCENTILE_SEARCH = ScaleSearch("the largest 0.1 % of the weights are clipped", percentile)
