"""A few more epochs for a network that is trained already, as an export asks for them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from trainers.data.splits import DataSplits
from trainers.export_tables import TuningTable
from trainers.network import SpikingNetwork
from trainers.recipe_tables import AugmentTable
from trainers.train_table import TrainTable

WITHOUT: dict[str, Any] = {"warmup_epochs": 0, "early_stop": None, "devices": 1, "nodes": 1}
"""What further training leaves out of [train]."""


def trained_further(
    network: SpikingNetwork,
    data: DataSplits,
    train: TrainTable,
    table: TuningTable,
    *,
    seed: int,
    augment: AugmentTable | None,
    device: str,
    folder: Path | None,
    fingerprint: str,
    progress: bool,
    without: dict[str, Any] | None = None,
) -> SpikingNetwork:
    """Trains a network, in place, for the table's epochs; its diagnostics aren't collected.

    Args:
        network: prepared; where training starts.
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
        without: further keys of [train], as this training needs them.

    Returns:
        On the CPU, in evaluation mode.

    Raises:
        SpikeportError: what training refuses.
    """
    # Training takes lightning with it, which is slow to import.
    from trainers.fitting import train_network

    tuning = {"epochs": table.epochs, "learning_rate": table.learning_rate}
    return train_network(
        network,
        # The validation split stands in for the test split, which nothing here may read.
        replace(data, test=data.validation),
        train.model_copy(update={**tuning, **WITHOUT, **(without or {})}),
        seed=seed,
        augment=augment,
        device=device,
        folder=folder,
        fingerprint=fingerprint,
        progress=progress,
        diagnosed=False,
    ).network
