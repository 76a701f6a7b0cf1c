"""Training: any module built from our LIF and plain torch layers, by any method of the table."""

import logging
import signal
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.utilities.warnings import PossibleUserWarning
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint, RichProgressBar
from pydantic import ValidationError
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from trainers.checkpoint import FINGERPRINT_KEY, LAST, read_checkpoint
from trainers.data.splits import DataSplits, Split
from trainers.device import choose_device
from trainers.epoch_batches import EpochBatches
from trainers.epoch_log import EpochLog
from trainers.errors import ConfigError
from trainers.lightning_module import SpikingClassifier
from trainers.methods import METHODS, MethodOptions
from trainers.network import SpikingNetwork
from trainers.recipe import TrainTable

PRECISIONS: dict[str, Any] = {"32": "32-true", "bf16": "bf16-mixed", "16": "16-mixed"}


@dataclass(frozen=True)
class Fitted:
    """What training leaves.

    Args:
        network: trained, on the CPU, in evaluation mode.
        history: one row per epoch (see trainers.epoch_log.COLUMNS).
    """

    network: SpikingNetwork
    history: list[dict[str, float]]


def fit(
    module: nn.Module,
    data: DataSplits,
    *,
    method: str = "ds-atgo",
    options: dict[str, Any] | None = None,
    seed: int = 0,
    device: str = "auto",
    progress: bool = False,
    **train: Any,
) -> Fitted:
    """Trains a module (in place) and returns it as a network over time.

    Example:
        `fit(net, data, method="ds-atgo", time_steps=4, epochs=20)`

    Args:
        module: takes [N, C, H, W] or [N, F], returns [N, classes]; holds trainers.LIF layers.
        data: train, validation and test splits; only the first two are seen here.
        method: a name of trainers.methods.METHODS.
        options: the method's options.
        seed: of shuffling and everything random in training (not of the module's own weights).
        device: auto, cpu or cuda.
        progress: show a progress bar.
        train: keys of a recipe's [train] table: time_steps, epochs, batch_size, ...

    Raises:
        ConfigError: an unknown method, option or training key.
        DataError: the module's output isn't one current per class.
        TrainingError: the loss stopped being finite.
    """
    try:
        settings = TrainTable.model_validate(train)
        chosen = _method_options(method, options or {})
    except ValidationError as error:
        fault = error.errors()[0]
        raise ConfigError(
            f"fit: {'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}. "
            "Check the argument's name and value."
        ) from error
    network = SpikingNetwork(module, settings.time_steps, sequence=data.form == "sequence")
    METHODS[method].prepare(network, chosen)
    return train_network(network, data, settings, seed=seed, device=device, progress=progress)


def train_network(
    network: SpikingNetwork,
    data: DataSplits,
    settings: TrainTable,
    *,
    seed: int,
    device: str = "auto",
    folder: Path | None = None,
    fingerprint: str = "",
    progress: bool = False,
) -> Fitted:
    """Trains a prepared network; with a folder, checkpoints every epoch and resumes.

    A checkpoint in `folder`/checkpoints is continued only if it carries the same fingerprint.

    Raises:
        KeyboardInterrupt: training was interrupted; the last whole epoch is in the checkpoint.
        TrainingError: the loss stopped being finite.
    """
    log = EpochLog(folder / "metrics.csv" if folder else None)
    callbacks: list[Callback] = [log]
    if folder:
        callbacks += [_Fingerprint(fingerprint), _every_epoch(folder / "checkpoints")]
    if progress:
        callbacks.append(RichProgressBar(leave=False))
    classifier = SpikingClassifier(network, settings, len(data.classes), seed)
    trainer = _trainer(settings, choose_device(device), callbacks, progress)
    loaders = (
        _loader(data.train, settings.batch_size, shuffle=True, seed=seed),
        _loader(data.validation, settings.batch_size, shuffle=False),
    )
    resume = _resumable(folder, fingerprint)
    _run(trainer, classifier, loaders, resume)
    network.cpu().eval()
    return Fitted(network=network, history=log.rows)


def _method_options(method: str, options: dict[str, Any]) -> MethodOptions:
    if method not in METHODS:
        raise ConfigError(f"fit: unknown method '{method}'. Known: {', '.join(sorted(METHODS))}.")
    return METHODS[method].options.model_validate(options)


def _loader(
    split: Split, batch_size: int, *, shuffle: bool, seed: int = 0
) -> DataLoader[tuple[torch.Tensor, ...]]:
    # The sampler yields whole index lists, so a batch is one tensor gather, not a Python loop.
    tensors = TensorDataset(torch.from_numpy(split.inputs), torch.from_numpy(split.labels))
    batches = EpochBatches(len(split), batch_size, shuffle=shuffle, seed=seed)
    return DataLoader(tensors, sampler=batches, batch_size=None)


def _every_epoch(folder: Path) -> ModelCheckpoint:
    return ModelCheckpoint(
        dirpath=folder,
        filename=LAST.removesuffix(".ckpt"),
        save_top_k=1,
        enable_version_counter=False,
        save_on_train_epoch_end=True,
    )


def _trainer(
    settings: TrainTable, device: str, callbacks: list[Callback], progress: bool
) -> Trainer:
    for name in ("lightning.pytorch", "lightning.fabric", "lightning.pytorch.utilities.rank_zero"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return Trainer(
        max_epochs=settings.epochs,
        accelerator="gpu" if device == "cuda" else "cpu",
        devices=1,
        precision=PRECISIONS[settings.precision],
        gradient_clip_val=settings.gradient_clip,
        callbacks=callbacks,
        logger=False,
        enable_checkpointing=any(isinstance(item, ModelCheckpoint) for item in callbacks),
        enable_progress_bar=progress,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )


def _run(
    trainer: Trainer, classifier: SpikingClassifier, loaders: tuple[Any, Any], resume: Path | None
) -> None:
    handler = signal.getsignal(signal.SIGINT)
    try:
        with warnings.catch_warnings():
            # In-memory tensors need no worker processes, and small sets have few batches.
            warnings.simplefilter("ignore", PossibleUserWarning)
            # torch deprecates a call that lightning 2.6 still makes.
            warnings.filterwarnings("ignore", message=".*LeafSpec.*", category=FutureWarning)
            trainer.fit(classifier, *loaders, ckpt_path=resume, weights_only=True)
    except SystemExit as error:
        # lightning turns Ctrl-C into exit code 1 and leaves SIGINT ignored.
        raise KeyboardInterrupt from error
    finally:
        signal.signal(signal.SIGINT, handler)


def _resumable(folder: Path | None, fingerprint: str) -> Path | None:
    path = folder / "checkpoints" / LAST if folder else None
    if path is None or not path.is_file():
        return None
    return path if read_checkpoint(path).get(FINGERPRINT_KEY) == fingerprint else None


class _Fingerprint(Callback):
    """Marks the checkpoint with what it was trained from."""

    def __init__(self, fingerprint: str) -> None:
        self.fingerprint = fingerprint

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        del trainer, pl_module
        checkpoint[FINGERPRINT_KEY] = self.fingerprint
