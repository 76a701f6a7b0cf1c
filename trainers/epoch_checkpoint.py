"""One checkpoint per run, replaced whole after every epoch, marked with its fingerprint."""

from pathlib import Path
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint

from trainers.checkpoint import FINGERPRINT_KEY


class EpochCheckpoint(Checkpoint):
    """Saves the state after each epoch, once every other callback has seen its end.

    Lightning's own ModelCheckpoint remembers absolute folders and warns when a run resumes in
    place or was moved; a run needs neither its choice of a best epoch nor its file names.

    Args:
        path: the checkpoint file.
        fingerprint: of data, network, method and training; a checkpoint with another one is not
            continued.
    """

    def __init__(self, path: Path, fingerprint: str) -> None:
        self.path = path
        self.fingerprint = fingerprint

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Replaces the file."""
        del pl_module
        trainer.save_checkpoint(self.path)

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Adds the fingerprint."""
        del trainer, pl_module
        checkpoint[FINGERPRINT_KEY] = self.fingerprint
