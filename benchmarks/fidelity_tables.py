"""The tables of benchmarks/fidelity.py: accuracy at every stage, points lost on the chip."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

Z_95 = 1.959964


@dataclass(frozen=True)
class Score:
    """One network: accuracies, and which test images it gets right (packed bits in hex)."""

    test: float
    calibration: float
    right: str

    @property
    def correct(self) -> NDArray[np.bool_]:
        """Whether each test image is classified right; padded to whole bytes."""
        return np.unpackbits(np.frombuffer(bytes.fromhex(self.right), np.uint8)).astype(bool)


@dataclass(frozen=True)
class Result:
    """One trained network on its way to the chip.

    Args:
        data: data set.
        row: method.
        seed: of the training.
        images: test images.
        best: the strategy that went on to the chip; "constant" where thresholds never moved.
        scores: per stage of the way.
        apart: per fine-tuned chip, spikes (all layers, steps and test images) that only one of its
            fine-tuning's own evaluation and the emulator fired; counted for seed 0.
    """

    data: str
    row: str
    seed: int
    images: int
    best: str
    scores: dict[str, Score] = field(default_factory=dict)
    apart: dict[str, int] = field(default_factory=dict)


def by_row(results: Sequence[Result]) -> Iterator[tuple[tuple[str, str], Sequence[Result]]]:
    """Results of each data set and row, in order."""
    for key in dict.fromkeys((result.data, result.row) for result in results):
        yield key, [result for result in results if (result.data, result.row) == key]


def lost(results: Sequence[Result], stage: str) -> tuple[float, float]:
    """Points lost from trained to `stage`: mean over seeds, and half the paired interval."""
    differences = np.concatenate(
        [
            (
                r.scores["trained"].correct[: r.images].astype(int)
                - r.scores[stage].correct[: r.images]
            )
            for r in results
        ]
    )
    half = Z_95 * differences.std(ddof=1) / np.sqrt(differences.size)
    return 100 * float(differences.mean()), 100 * float(half)


def accuracy_table(
    results: Sequence[Result], strategies: Sequence[str], chips: Sequence[str]
) -> Table:
    """Test accuracy in %, mean over seeds, at every stage."""
    stages = ["trained", *(f"frozen, {name}" for name in ("constant", *strategies))]
    stages += chips
    drawn = Table("data", "method", *stages, "went on", box=None, pad_edge=False)
    for (data, row), runs in by_row(results):
        cells = [
            f"{100 * np.mean([run.scores[stage].test for run in runs]):.2f}"
            if all(stage in run.scores for run in runs)
            else "-"
            for stage in stages
        ]
        drawn.add_row(data, row, *cells, ", ".join(dict.fromkeys(run.best for run in runs)))
    return drawn


def lost_table(results: Sequence[Result], chips: Sequence[str]) -> Table:
    """Points lost from trained to chip."""
    drawn = Table(
        "data", "method", *(f"lost at {stage}" for stage in chips), box=None, pad_edge=False
    )
    for (data, row), runs in by_row(results):
        cells = [f"{mean:+.2f} ± {half:.2f}" for mean, half in (lost(runs, s) for s in chips)]
        drawn.add_row(data, row, *cells)
    return drawn


def figures(results: Sequence[Result], chips: Sequence[str]) -> list[dict[str, object]]:
    """What the tables show, network by network and per row."""
    networks = [
        {
            "data": result.data,
            "row": result.row,
            "seed": result.seed,
            "went_on": result.best,
            "test": {stage: score.test for stage, score in result.scores.items()},
            "calibration": {stage: score.calibration for stage, score in result.scores.items()},
            "spikes_apart": result.apart,
        }
        for result in results
    ]
    rows: list[dict[str, object]] = [
        {"data": data, "row": row, "points_lost": {name: lost(runs, name) for name in chips}}
        for (data, row), runs in by_row(results)
    ]
    return [*networks, *rows]
