"""Trained networks that benchmarks share: one run folder per recipe and seed, trained once.

The folder's name ends in a hash of everything training depends on, so a changed recipe trains
again and an unchanged one is found by every benchmark. A run that was interrupted continues.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

from hwsim.pipeline import train_stage
from hwsim.pipeline.manifest import fingerprint_of
from hwsim.pipeline.pipeline import run_pipeline
from hwsim.pipeline.run_folder import RunFolder
from hwsim.pipeline.stage import Context
from trainers.build import build_data, build_network
from trainers.checkpoint import load_weights
from trainers.data import DataSplits
from trainers.network import SpikingNetwork
from trainers.recipe import Recipe

HASH_DIGITS = 12


@dataclass(frozen=True)
class TrainedRun:
    """A trained network with its data.

    Args:
        folder: of the run.
        network: with the last epoch's weights, in evaluation mode.
        data: the recipe's splits.
        epoch_s: wall-clock seconds of the fastest epoch, which other work on the machine slowed
            least.
    """

    folder: RunFolder
    network: SpikingNetwork
    data: DataSplits
    epoch_s: float


def trained_run(recipe: Recipe, cache: Path) -> TrainedRun:
    """Trains the recipe unless the cache holds it already.

    Raises:
        SpikeportError: what training refuses.
    """
    context = _context(recipe, cache)
    run_pipeline(context, ("train",))
    data = build_data(recipe)
    network = build_network(recipe, data)
    load_weights(network, context.folder.checkpoint)
    return TrainedRun(context.folder, network.eval(), data, _epoch_s(context.folder.metrics))


def _context(recipe: Recipe, cache: Path) -> Context:
    draft = Context(RunFolder(cache), recipe, "cpu", None, progress=False, say=_silent)
    short = fingerprint_of(train_stage.inputs(draft))[:HASH_DIGITS]
    folder = cache / f"{recipe.name}-seed{recipe.seed}-{short}"
    return Context(RunFolder(folder), recipe, "cpu", None, progress=False, say=_silent)


def _silent(line: str) -> None:
    del line


def _epoch_s(metrics: Path) -> float:
    with metrics.open(encoding="utf-8") as lines:
        seconds = [float(row["seconds"]) for row in csv.DictReader(lines)]
    return min(seconds)
