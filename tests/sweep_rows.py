"""Rows of sweeps, made up."""

from hwsim.sweep.results import Results, results_of
from hwsim.sweep.row import Measured, OnSplit, Row
from hwsim.sweep.space import Point, Space

WEIGHTS = 1000
MADE_FROM = {"checkpoint": "cafe", "chip": "loihi1"}


def space(*bits: int, strategies: tuple[str, ...] = ("mean",)) -> Space:
    """Bits and strategies, the rest at one value."""
    return Space(bits, strategies, ("max-abs",), (False,))


def row(point: Point, accuracy: float, energy: float | None, tested: float = 0.5) -> Row:
    """A measured one: accuracy and energy of the validation split, accuracy of the test split."""
    return Row(
        **vars(point),
        measured=Measured(
            validation=split(accuracy, energy),
            test=split(tested, None if energy is None else 2 * energy),
            weights=WEIGHTS,
            weight_memory_bits=WEIGHTS * point.weight_bits,
        ),
    )


def split(accuracy: float, energy: float | None) -> OnSplit:
    """One split of ten samples."""
    latency = None if energy is None else 1e-4
    return OnSplit(
        samples=10, accuracy=accuracy, spikes=70, synops=900, energy_j=energy, latency_s=latency
    )


def made_up(point: Point) -> Row:
    """A row that depends on nothing but its point."""
    return row(point, 1 - 0.5**point.weight_bits, 1e-6 * point.weight_bits)


def results(rows: list[Row], title: str = "digits", tolerance: float = 0.005) -> Results:
    """What a sweep of these rows writes."""
    return results_of(
        rows,
        title=title,
        chip="loihi1",
        chip_title="Intel Loihi 1",
        made_from=MADE_FROM,
        constant_thresholds=False,
        tolerance=tolerance,
    )
