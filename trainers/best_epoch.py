"""Early stop: training ends when the validation split shows no better epoch, and keeps the best.

An epoch is better with a higher accuracy on the validation split, or with the same and a lower
loss; of equal ones the first counts. The test split has no say.
"""

from collections.abc import Mapping
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from trainers.averaged_weights import AveragedWeights
from trainers.checkpoint import BEST_KEY
from trainers.network import SpikingNetwork


class BestEpoch(Callback):
    """Keeps a copy of the best epoch's network, and stops after enough epochs without a better.

    The copy travels in the checkpoint, so one file holds what the run keeps and what continues it.

    Args:
        patience: epochs without a better one.
        network: in training.
        averaged: whose weights are validated in its place, if any.
    """

    def __init__(
        self, patience: int, network: SpikingNetwork, averaged: AveragedWeights | None
    ) -> None:
        self.patience = patience
        self.network = network
        self.averaged = averaged
        self.epoch = -1
        self.weights: dict[str, Tensor] = {}
        self._merit = (-1.0, 0.0)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Compares the epoch that was validated just now."""
        del pl_module
        merit = merit_of(trainer.callback_metrics)
        if self.epoch < 0 or merit > self._merit:
            self.epoch, self._merit = trainer.current_epoch, merit
            state = self.averaged.network_state() if self.averaged else self.network.state_dict()
            self.weights = {name: tensor.detach().cpu().clone() for name, tensor in state.items()}
        self._stop_if_stale(trainer, trainer.current_epoch)

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Adds the best epoch."""
        del trainer, pl_module
        if self.epoch >= 0:
            accuracy, negative_loss = self._merit
            checkpoint[BEST_KEY] = {
                "epoch": self.epoch,
                "accuracy": accuracy,
                "loss": -negative_loss,
                "network": self.weights,
            }

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Takes it back; a run that had stopped stays so."""
        del pl_module
        best = checkpoint.get(BEST_KEY)
        if best is None:
            return
        self.epoch, self.weights = best["epoch"], best["network"]
        self._merit = (best["accuracy"], -best["loss"])
        finished = checkpoint["loops"]["fit_loop"]["epoch_progress"]["current"]["processed"]
        self._stop_if_stale(trainer, finished - 1)

    def _stop_if_stale(self, trainer: Trainer, epoch: int) -> None:
        if epoch - self.epoch >= self.patience:
            trainer.should_stop = True


def merit_of(row: Mapping[str, Any]) -> tuple[float, float]:
    """What makes an epoch better: validation accuracy, then a low validation loss."""
    return float(row["validation_accuracy"]), -float(row["validation_loss"])


def best_row(rows: list[dict[str, float]]) -> dict[str, float]:
    """The best epoch's row of metrics.csv, the first of equal ones."""
    return max(rows, key=merit_of)
