"""Where cores lie: row by row, or in a serpentine."""

import numpy as np

from hwsim.placement.mesh import lay_out
from tests.placement_networks import LOIHI1, small_chip

LIMITS = LOIHI1.limits


def test_tiles_lie_in_rows_of_eight() -> None:
    """Tile 8 starts the second row of Loihi 1's 8 x 4 mesh."""
    mesh = lay_out(36, LIMITS, serpentine=False)
    assert mesh.tile[[0, 3, 4, 31, 32, 35]].tolist() == [0, 0, 1, 7, 8, 8]
    assert mesh.column[[0, 31, 32, 35]].tolist() == [0, 7, 0, 0]
    assert mesh.row[[0, 31, 32, 35]].tolist() == [0, 0, 1, 1]


def test_chips_lie_east_of_one_another() -> None:
    mesh = lay_out(129, LIMITS, serpentine=False)
    assert (mesh.chip[128], mesh.tile[128], mesh.column[128], mesh.row[128]) == (1, 0, 8, 0)


def test_serpentine_steps_to_a_neighbour_every_time() -> None:
    """Also from chip to chip; and it visits every tile once."""
    mesh = lay_out(256, LIMITS, serpentine=True)
    steps = np.abs(np.diff(mesh.column)) + np.abs(np.diff(mesh.row))
    assert steps.max() == 1
    assert len({*zip(mesh.chip.tolist(), mesh.tile.tolist(), strict=True)}) == 64
    assert np.bincount(mesh.tile).tolist() == [8] * 32
    assert np.array_equal(mesh.column, mesh.chip * 8 + mesh.tile % 8)
    assert np.array_equal(mesh.row, mesh.tile // 8)


def test_serpentine_shortens_the_way_between_neighbouring_populations() -> None:
    """Hops between a core and the one 16 further: four tiles on."""
    hops = []
    for serpentine in (True, False):
        mesh = lay_out(128, LIMITS, serpentine=serpentine)
        apart = np.abs(mesh.column[16:] - mesh.column[:-16])
        hops.append(int((apart + np.abs(mesh.row[16:] - mesh.row[:-16])).sum()))
    assert hops[0] < hops[1]


def test_mesh_whose_last_row_is_short_and_chip_without_all_its_cores() -> None:
    """5 tiles in rows of 2, of which 9 of 10 cores can be used."""
    limits = small_chip(tiles=5, mesh_columns=2, cores_per_tile=2, cores=9).limits
    mesh = lay_out(10, limits, serpentine=True)
    assert mesh.tile.tolist() == [0, 0, 2, 2, 4, 4, 3, 3, 1, 0]
    assert mesh.chip.tolist() == [0] * 9 + [1]
