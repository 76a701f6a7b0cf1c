"""What a sweep starts from: the trained network, its data, the chip, and their fingerprints."""

from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from hwsim.chips.chip import Chip
from hwsim.chips.load import load_chip
from hwsim.pipeline import export_stage, train_stage
from hwsim.pipeline.manifest import fingerprint_of
from hwsim.pipeline.stage import Context
from hwsim.sweep.front import TOLERANCE
from hwsim.sweep.point import Bench, constant_thresholds
from hwsim.sweep.space import THRESHOLD_STRATEGIES, Space
from trainers.build import build_data
from trainers.device import choose_device
from trainers.export_tables import QatTable

SHOWN_DIGITS = 12
"""Of a hash, enough to tell two apart."""

SWEPT = {"targets", "weight_bits", "threshold_strategy", "scale_search", "max_drop"}
"""Keys of [export] that the points set, or that don't change a row."""


@dataclass(frozen=True)
class Asked:
    """What a command line asks for.

    Args:
        space: the points.
        chip: name or file of the chip that costs.
        samples: of each split; None for all.
        trials: points to compute at most, chosen by a sampler; None for all.
        workers: processes that share the points, this one among them.
        tolerance: of the choice; see `hwsim.sweep.front`.
        restart: forget what is stored.
        further: arguments with which a further worker starts.
    """

    space: Space
    chip: str
    samples: int | None = None
    trials: int | None = None
    workers: int = 1
    tolerance: float = TOLERANCE
    restart: bool = False
    further: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Prepared:
    """What every worker of a sweep has at hand.

    Args:
        bench: what measures a point.
        space: the points that differ on this network.
        constant: no threshold of the network moves, so that all strategies are one.
        made_from: what the rows depend on besides the point.
        folder: of the sweep.
    """

    bench: Bench
    space: Space
    constant: bool
    made_from: dict[str, str]
    folder: Path


def prepared(context: Context, asked: Asked) -> Prepared:
    """Loads data, weights and chip.

    Raises:
        SpikeportError: one of them is missing or damaged.
    """
    chip = load_chip(asked.chip)
    made_from = _made_from(context, chip, asked.samples)
    data = build_data(context.recipe)
    network = export_stage.trained_network(context, data)
    folder = context.folder.path / "sweep"
    bench = Bench(
        run=export_stage.trained_run(context, network, data),
        chip=chip,
        samples=asked.samples,
        device=choose_device(context.device),
        lock=folder / "tuning.lock",
    )
    constant = constant_thresholds(bench.run)
    return Prepared(bench, _differing(asked.space, constant), constant, made_from, folder)


def _differing(space: Space, constant: bool) -> Space:
    """On constant thresholds all strategies do the same; the first stands for them."""
    return space.with_strategies(THRESHOLD_STRATEGIES[:1]) if constant else space


def _made_from(context: Context, chip: Chip, samples: int | None) -> dict[str, str]:
    checkpoint, _ = export_stage.inputs(context)
    export = context.recipe.export
    table = export.model_dump(mode="json", exclude=SWEPT)
    table["qat"] = (export.qat or QatTable()).model_dump(mode="json")
    recipe = fingerprint_of([train_stage.inputs(context), table])
    description = fingerprint_of(chip.model_dump(mode="json"))
    return {
        "version of spikeport": version("spikeport"),
        "checkpoint": checkpoint[:SHOWN_DIGITS],
        "recipe": recipe[:SHOWN_DIGITS],
        "chip": f"{chip.name}, {description[:SHOWN_DIGITS]}",
        "number of samples": "all" if samples is None else str(samples),
    }
