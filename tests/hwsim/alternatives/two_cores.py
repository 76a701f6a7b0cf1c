"""A placement of two populations on two cores of one tile."""

import numpy as np

from hwsim.placement.grid import Grid
from hwsim.placement.placement import USES, Placement


def two_cores() -> Placement:
    """One core each."""
    nought = np.zeros(2, dtype=np.int64)
    return Placement(
        populations=("a", "b"),
        grids=(Grid.even((3,), (1,)), Grid.even((2,), (1,))),
        first_core=np.array([0, 1]),
        formats=("dense",),
        chip=nought,
        tile=nought,
        column=nought,
        row=nought,
        uses=dict.fromkeys(USES, nought),
    )
