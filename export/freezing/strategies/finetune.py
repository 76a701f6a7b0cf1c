"""finetune: constants as `calibrated` chooses them, then a few epochs that adapt the rest to them.

Weights, norms and learnt decays go on learning by the method's own loss and surrogates; thresholds
and readout weights stay. Constants are chosen on the validation split, and the test split isn't
even passed on.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import nir
from numpy.typing import NDArray

from export.freezing.strategies import calibrated
from export.freezing.strategies.calibrated import is_moving
from export.freezing.strategies.strategy import FloatArray, Strategy
from export.freezing.thresholds import (
    refuse_adaptations,
    spike_adaptations,
    threshold_schedules,
)
from export.nir_metadata import attach_facts, read_facts
from trainers.constant_thresholds import with_constant_thresholds
from trainers.data.splits import DataSplits, Inputs
from trainers.errors import ConfigError
from trainers.evaluation import evaluate
from trainers.export_tables import FinetuneTable
from trainers.further_training import trained_further
from trainers.network import SpikingNetwork
from trainers.recipe_tables import AugmentTable
from trainers.train_table import TrainTable


def finetuned(
    network: SpikingNetwork,
    data: DataSplits,
    train: TrainTable,
    table: FinetuneTable,
    *,
    seed: int,
    augment: AugmentTable | None = None,
    device: str = "auto",
    folder: Path | None = None,
    fingerprint: str = "",
    progress: bool = False,
    say: Callable[[str], None] = print,
) -> SpikingNetwork:
    """A copy of a trained network that has adapted to constant thresholds.

    A network whose thresholds are constant already comes back itself, untrained.

    Example:
        `export.finetuned(net, data, TrainTable(time_steps=4), FinetuneTable(), seed=0)`

    Args:
        network: trained; left as it was.
        data: training and validation split are used, the test split never.
        train: as the network was trained; early stop, warm-up and several processes are left out.
        table: epochs and learning rate in place of those of `train`.
        seed: of shuffling and everything random.
        augment: of training samples.
        device: auto, cpu or cuda.
        folder: for checkpoints, from which an interrupted training goes on and a complete one is
            read; None for none.
        fingerprint: of everything the result depends on; a checkpoint with another isn't used.
        progress: show a progress bar.
        say: prints one line about what was done.

    Returns:
        On the CPU, in evaluation mode.

    Raises:
        SpikeportError: what freezing, `calibrated` or training refuses.
    """
    refuse_adaptations("finetune", spike_adaptations(network))
    schedules = threshold_schedules(network)
    if not any(map(is_moving, schedules.values())):
        say("thresholds are constant already: nothing to fine-tune")
        return network
    constants = calibrated.choose(network, schedules, data.validation.inputs)
    adapted = trained_further(
        with_constant_thresholds(network, constants),
        data,
        train,
        table,
        seed=seed,
        augment=augment,
        device=device,
        folder=folder,
        fingerprint=fingerprint,
        progress=progress,
    )
    before = evaluate(network, data.validation).accuracy
    after = evaluate(adapted, data.validation).accuracy
    say(
        f"fine-tuned {table.epochs} epochs with constant thresholds: validation accuracy "
        f"{before:.4f} before, {after:.4f} after"
    )
    return adapted


def name_trained_thresholds(graph: nir.NIRGraph, trained: SpikingNetwork) -> None:
    """Writes the thresholds per step from before fine-tuning into a frozen graph's metadata.

    Args:
        graph: frozen from what `finetuned` made of `trained`.
        trained: the network before.
    """
    facts, schedules = read_facts(graph), threshold_schedules(trained)
    thresholds = {
        node: threshold.model_copy(
            update={"per_step": tuple(schedules[facts.modules[node]].tolist())}
        )
        for node, threshold in facts.thresholds.items()
    }
    attach_facts(graph, facts.model_copy(update={"thresholds": thresholds}))


def choose(
    network: SpikingNetwork,
    schedules: Mapping[str, FloatArray],
    calibration: NDArray[Any] | Inputs | None,
) -> dict[str, float]:
    """The constants of a network that has them already, fine-tuned or by its method.

    Raises:
        ConfigError: a threshold depends on the step.
    """
    del network, calibration
    moving = [name for name, schedule in schedules.items() if is_moving(schedule)]
    if moving:
        raise ConfigError(
            f"threshold strategy 'finetune': thresholds of {', '.join(moving)} depend on the step, "
            "and freezing alone doesn't train. Use export.finetuned(...) first, or `spikeport "
            "export --threshold-strategy finetune`."
        )
    return {name: float(schedule[0]) for name, schedule in schedules.items()}


FINETUNE = Strategy(
    summary="constants as calibrated, then a few epochs of training with them",
    choose=choose,
)
