"""Quantisation-aware fine-tuning: a few epochs on the chip's own integers."""

from pathlib import Path
from typing import Any

import nir

from export.qat.dequantised import dequantised
from export.qat.integer_network import integer_network
from export.quantizing import Quantization
from trainers.data.splits import DataSplits
from trainers.export_tables import QatTable
from trainers.further_training import trained_further
from trainers.network import SpikingNetwork
from trainers.recipe_tables import AugmentTable
from trainers.train_table import TrainTable

WITHOUT: dict[str, Any] = {
    "ema_decay": None, "precision": "32", "fused": "off", "checkpoint_activations": False,
}  # fmt: skip
"""What integers can't be trained with, of [train]."""


def fine_tuned(
    graph: nir.NIRGraph,
    quantised: Quantization,
    network: SpikingNetwork,
    data: DataSplits,
    train: TrainTable,
    table: QatTable,
    *,
    seed: int,
    augment: AugmentTable | None = None,
    device: str = "auto",
    folder: Path | None = None,
    fingerprint: str = "",
    progress: bool = False,
) -> nir.NIRGraph:
    """The frozen graph with weights that training adapted to the chip's integers.

    Quantised again with the same bits and scales, `quantization(..., scales={layer.name:
    layer.scale for layer in quantised.layers})`, it becomes the integers that were trained. Where
    graded inputs came with fewer bits than asked for, ask for those.

    Example:
        `tuned = fine_tuned(graph, quantised, net, data, recipe.train, QatTable(), seed=0)`

    Args:
        graph: frozen from `network`; left as it was.
        quantised: what `quantization` made of it: scales, thresholds, bits and input form.
        network: trained; left as it was.
        data: training and validation split are used, the test split never.
        train: as the network was trained; early stop, warm-up, averaged weights, mixed precision
            and several processes are left out.
        table: epochs and learning rate in place of those of `train`.
        seed: of shuffling and everything random.
        augment: of training samples.
        device: auto, cpu or cuda.
        folder: for checkpoints, from which an interrupted training goes on and a complete one is
            read; None for none.
        fingerprint: of everything the result depends on; a checkpoint with another isn't used.
        progress: show a progress bar.

    Raises:
        SpikeportError: what `integer_network` or training refuses.
    """
    adapted = trained_further(
        integer_network(graph, quantised, network),
        data,
        train,
        table,
        seed=seed,
        augment=augment,
        device=device,
        folder=folder,
        fingerprint=fingerprint,
        progress=progress,
        without=WITHOUT,
    )
    return dequantised(graph, adapted)
