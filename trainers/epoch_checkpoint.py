"""One checkpoint per run with its fingerprint, replaced whole after and within epochs."""

import time
from pathlib import Path
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint

from trainers.checkpoint import FINGERPRINT_KEY
from trainers.train_table import TrainTable


class EpochCheckpoint(Checkpoint):
    """Saves the state after each epoch, once every other callback has seen its end.

    Within an epoch it saves when `checkpoint_every` asks for it, only between optimiser steps: no
    gradient is under way then.

    Lightning's own ModelCheckpoint remembers absolute folders and warns when a run resumes in
    place or was moved; a run needs neither its choice of a best epoch nor its file names.

    Args:
        path: the checkpoint file.
        fingerprint: of data, network, method and training; a checkpoint with another one is not
            continued.
        settings: say how often within an epoch.
    """

    def __init__(self, path: Path, fingerprint: str, settings: TrainTable) -> None:
        self.path = path
        self.fingerprint = fingerprint
        self.settings = settings
        self._batches = 0
        self._saved = 0.0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Starts the clock."""
        del trainer, pl_module
        self._saved = time.monotonic()

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Replaces the file if it is time; the epoch's last mini-batch leaves that to its end."""
        del pl_module, outputs, batch
        self._batches += 1
        done = batch_idx + 1
        if done == trainer.num_training_batches or done % self.settings.accumulate:
            return
        if self._due(trainer):
            self._save(trainer)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Replaces the file."""
        del pl_module
        self._save(trainer)

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Adds the fingerprint."""
        del trainer, pl_module
        checkpoint[FINGERPRINT_KEY] = self.fingerprint

    def _due(self, trainer: Trainer) -> bool:
        batches, seconds = self.settings.checkpoint_batches, self.settings.checkpoint_seconds
        if batches is not None:
            return self._batches >= batches
        if seconds is None:
            return False
        # The first process's clock decides for all, which save together.
        elapsed = time.monotonic() - self._saved >= seconds
        return trainer.strategy.broadcast(elapsed) if trainer.world_size > 1 else elapsed

    def _save(self, trainer: Trainer) -> None:
        trainer.save_checkpoint(self.path)
        self._batches = 0
        self._saved = time.monotonic()
