"""Where cores lie: they fill tiles, tiles fill a chip's mesh, and chips lie in one row."""

from dataclasses import dataclass

import numpy as np

from export.chip.graph import IntArray
from hwsim.chips.chip import Limits


@dataclass(frozen=True)
class Mesh:
    """Position of K cores, int64 [K] each.

    Args:
        chip: number of the chip, from 0.
        tile: on that chip, row by row.
        column: of the tile, counted over the whole row of chips.
        row: of the tile.
    """

    chip: IntArray
    tile: IntArray
    column: IntArray
    row: IntArray


def lay_out(cores: int, limits: Limits, *, serpentine: bool) -> Mesh:
    """Fills chip after chip, tile after tile.

    Args:
        cores: in use, in the order in which they are laid out.
        limits: cores, tiles, cores_per_tile and mesh_columns of a chip.
        serpentine: fill tiles down one column and up the next, so that cores with neighbouring
            numbers lie on neighbouring tiles, also across chips; else row by row.
    """
    columns = limits.mesh_columns.value
    chip, on_chip = np.divmod(np.arange(cores, dtype=np.int64), limits.cores.value)
    order = np.arange(limits.tiles.value)
    if serpentine:
        row, column = np.divmod(order, columns)
        order = order[np.lexsort((np.where(column % 2 == 0, row, -row), column))]
    tile = order[on_chip // limits.cores_per_tile.value]
    row, column = np.divmod(tile, columns)
    return Mesh(chip, tile, chip * columns + column, row)
