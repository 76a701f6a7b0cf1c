"""Runs exported to no chip: stages `simulate` and `report` count events in the float executor."""

from pathlib import Path
from typing import Any

import numpy as np

from export.samples import read_samples
from export.schedule_file import read_frozen
from export.targets import TARGETS
from hwsim.counting.executor_counts import executor_counts
from hwsim.counting.report import counted_report
from hwsim.counting.spike_counts import write_counts
from hwsim.errors import SimulationError
from hwsim.pipeline.progress import batch_progress
from hwsim.pipeline.stage import Context
from hwsim.report.model import UncostedReport
from trainers.file_hash import sha256
from trainers.recipe import Recipe


def no_chip(recipe: Recipe) -> str | None:
    """Why a run has no chip file, in a sentence; None where a target makes one."""
    targets = recipe.export.targets
    if any(TARGETS[name].quantised for name in targets if name in TARGETS):
        return None
    return f"The run was exported to {', '.join(targets)} only, and no chip file is among them."


def simulation_inputs(context: Context) -> Any:
    """The frozen network, the samples and how many of them.

    Raises:
        SimulationError: the run wasn't exported, or Lava is asked for.
    """
    folder, table = context.folder, context.recipe.simulate
    for path in (folder.frozen, folder.samples):
        if not path.is_file():
            raise SimulationError(
                f"{path}: no such file. Export the run first: spikeport export {folder.path}."
            )
    if table.backend == "lava":
        raise SimulationError(
            f"{folder.path}: backend lava runs chip files. {no_chip(context.recipe)} Export with "
            "--target chip."
        )
    return [sha256(folder.frozen), sha256(folder.samples), table.limit]


def simulate(context: Context) -> list[Path]:
    """Counts the test samples' spikes and synops. Of several processes the first does it."""
    folder = context.folder
    if not context.ranks.first:
        return []
    samples = read_samples(folder.samples)
    inputs = samples.inputs[: context.recipe.simulate.limit]
    with batch_progress("simulate", len(inputs), show=context.progress) as on_batch:
        counts = executor_counts(read_frozen(folder.frozen), inputs, on_batch)
    write_counts(folder.spike_counts, counts)
    correct = samples.logits[: len(inputs)].argmax(axis=1) == samples.labels[: len(inputs)]
    context.say(
        f"{len(inputs)} samples in the float executor: accuracy {np.mean(correct):.4f}, "
        f"{counts.spikes.sum() / len(inputs):,.0f} spikes and "
        f"{counts.synops.sum() / len(inputs):,.0f} synops per inference"
    )
    context.say(f"no chip equivalent: {no_chip(context.recipe)}")
    return [folder.spike_counts]


def measured(context: Context, reason: str) -> UncostedReport:
    """What the report says of the counted events.

    Raises:
        FileError: a file is missing or damaged.
        SimulationError: the counts are of another network.
    """
    folder = context.folder
    return counted_report(read_frozen(folder.frozen), folder.spike_counts, reason)
