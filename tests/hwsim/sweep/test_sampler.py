"""What a search suggests next."""

from hwsim.sweep.row import Row
from hwsim.sweep.sampler import distributions, suggested
from hwsim.sweep.space import Point, Space
from tests.sweep_rows import row

SPACE = Space(tuple(range(2, 9)), tuple("abcdef"), ("max-abs", "percentile"), (False, True))


def measured(point: Point) -> Row:
    """Only wide weights are any good; one strategy has no energy at all."""
    good = point.weight_bits >= 7
    energy = None if point.threshold_strategy == "f" else 1e-6 if good else 1e-5
    return row(point, 0.9 if good else 0.1, energy)


def searched(space: Space, most: int, seed: int = 0) -> list[Point]:
    """Points in the order in which they are suggested."""
    points, order = space.points(), list[Point]()
    while len(order) < most:
        taken = [measured(point) for point in points if point in order]
        free = [point for point in points if point not in order]
        order.append(suggested(taken, free, distributions(space), seed))
    return order


def test_a_search_learns_from_what_it_has_found() -> None:
    """After the first ones, far more than the share of good points; nothing twice."""
    good = [point for point in SPACE.points() if (measured(point).objectives or (0,))[0] == 0.9]
    blindly = len(good) / len(SPACE.points())
    found = 0
    for seed in range(3):
        order = searched(SPACE, 35, seed)
        assert len(set(order)) == 35
        found += sum(point in good for point in order[15:])
    assert found > 1.3 * 60 * blindly


def test_a_search_of_all_points_ends_with_all() -> None:
    """Also where the sampler knows no more than one answer, and where widths have gaps."""
    small = Space((2, 5), ("a", "b"), ("max-abs",), (False,))
    assert set(searched(small, 4)) == set(small.points())


def test_what_is_being_computed_is_not_suggested_again() -> None:
    """Nor does it count as known."""
    points = SPACE.points()[:3]
    assert suggested(points[:2], points[2:], distributions(SPACE), seed=0) == points[2]
