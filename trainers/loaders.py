"""Mini-batches of the training and the validation split, of one process or its part of many."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from trainers.data.splits import DataSplits, Split
from trainers.epoch_batches import EpochBatches
from trainers.epoch_loader import EpochLoader, memory_loader
from trainers.errors import ConfigError
from trainers.lazy_batches import lazy_loader
from trainers.processes import Processes
from trainers.train_table import TrainTable


@dataclass(frozen=True)
class Loaders:
    """What lightning trains and validates on.

    Args:
        train: shuffled anew in each epoch.
        validation: in order.
        batches: the index lists of `train`.
    """

    train: EpochLoader[Any]
    validation: EpochLoader[Any]
    batches: EpochBatches


def epoch_loaders(
    data: DataSplits, settings: TrainTable, seed: int, processes: Processes
) -> Loaders:
    """Loaders of both splits, in memory or lazy.

    Raises:
        ConfigError: a split has fewer samples than there are processes.
    """
    for name, split in (("training", data.train), ("validation", data.validation)):
        if len(split) < processes.number:
            raise ConfigError(
                f"train.devices x train.nodes: {processes.number} processes, but the {name} split "
                f"of '{data.name}' has {len(split)} samples, at least one for each is needed. "
                "Lower them."
            )
    size = settings.batch_size
    shuffled = EpochBatches(len(data.train), size, shuffle=True, seed=seed, processes=processes)
    ordered = EpochBatches(len(data.validation), size, shuffle=False, processes=processes)
    return Loaders(
        train=_loader(data.train, shuffled, data.workers),
        validation=_loader(data.validation, ordered, data.workers),
        batches=shuffled,
    )


def _loader(split: Split, batches: EpochBatches, workers: int) -> EpochLoader[Any]:
    if not isinstance(split.inputs, np.ndarray):
        return lazy_loader(split, batches, workers)
    arrays = [np.require(array, requirements=("C", "W")) for array in (split.inputs, split.labels)]
    inputs, labels = map(torch.from_numpy, arrays)
    return memory_loader(inputs, labels, batches)
