"""Which points no other one beats, and which one to take. Only the validation split decides."""

from collections.abc import Sequence

from hwsim.sweep.row import Row

TOLERANCE = 0.005
"""Accuracy that a cheaper point may lack of the best one's, as a share of the samples."""

ROUNDING = 1e-12
"""Of shares, whose difference may miss a tolerance that it is equal to."""


def pareto_front(rows: Sequence[Row]) -> tuple[int, ...]:
    """Indices of rows that no other row beats, by rising energy.

    One row beats another if it is at least as accurate and at least as cheap, and better in one
    of the two. Rows without both figures are never on the front. Equal rows are on it together.
    """
    known = [(index, row.objectives) for index, row in enumerate(rows)]
    costed = sorted(
        (energy, -accuracy, index) for index, (accuracy, energy) in _without_none(known)
    )
    front: list[int] = []
    best: tuple[float, float] | None = None
    for energy, lost, index in costed:
        if best is None or lost < best[1] or (energy, lost) == best:
            front.append(index)
            best = (energy, lost)
    return tuple(front)


def best_row(rows: Sequence[Row], tolerance: float = TOLERANCE) -> int | None:
    """Index of the cheapest row whose validation accuracy is within `tolerance` of the highest.

    Of equally cheap ones the more accurate, then the one of fewer weight bits, then the first.
    None where no row has both figures.
    """
    costed = _without_none([(index, row.objectives) for index, row in enumerate(rows)])
    if not costed:
        return None
    highest = max(accuracy for _, (accuracy, _) in costed)
    within = [
        (energy, -accuracy, rows[index].weight_bits, index)
        for index, (accuracy, energy) in costed
        if highest - accuracy <= tolerance + ROUNDING
    ]
    return min(within)[-1]


def _without_none(
    known: Sequence[tuple[int, tuple[float, float] | None]],
) -> list[tuple[int, tuple[float, float]]]:
    return [(index, figures) for index, figures in known if figures is not None]
