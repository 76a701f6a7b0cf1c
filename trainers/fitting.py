"""Training: any module built from our LIF and plain torch layers, by any method of the table."""

import logging
import signal
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.fabric.utilities.warnings import PossibleUserWarning
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import Checkpoint, RichProgressBar
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from trainers.checkpoint import FINGERPRINT_KEY, LAST, read_checkpoint
from trainers.checkpoint_io import WholeFileCheckpointIO
from trainers.data.splits import DataSplits, Split
from trainers.device import choose_device
from trainers.diagnostics import EpochDiagnostics
from trainers.epoch_batches import EpochBatches
from trainers.epoch_checkpoint import EpochCheckpoint
from trainers.epoch_log import EpochLog
from trainers.errors import ConfigError
from trainers.faults import checked, unknown
from trainers.lazy_batches import lazy_loader, worker_deaths_as_errors
from trainers.lightning_module import SpikingClassifier
from trainers.methods import METHODS, MethodOptions, contradictions, install
from trainers.network import SpikingNetwork
from trainers.recipe import AugmentTable, TrainTable

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
    method: str | tuple[str, ...] = "ds-atgo",
    options: dict[str, Any] | None = None,
    augment: dict[str, Any] | None = None,
    seed: int = 0,
    device: str = "auto",
    progress: bool = False,
    **train: Any,
) -> Fitted:
    """Trains a module (in place, all of it) and returns it as a network over time.

    Example:
        `fit(net, data, method="ds-atgo", time_steps=4, epochs=20)`

    Args:
        module: takes [N, C, H, W] or [N, F], returns [N, classes]; holds trainers.LIF layers.
        data: train, validation and test splits; only the first two are seen here.
        method: a name of trainers.methods.METHODS, or several that go together.
        options: the method's options; of several methods, one dict for each by name.
        augment: keys of a recipe's [augment] table: crop_padding, flip, ...; of training samples.
        seed: of shuffling and everything random in training (not of the module's own weights).
        device: auto, cpu or cuda.
        progress: show a progress bar.
        train: keys of a recipe's [train] table: time_steps, epochs, batch_size, ...

    Raises:
        ConfigError: an unknown method, option, training key or device, or augmentation that
            doesn't suit the data; all faults in one line.
        DataError: the module's output isn't one current per class.
        TrainingError: the loss stopped being finite.
    """
    faults: list[str] = []
    settings = checked(TrainTable, train, "", faults)
    augmentation = checked(AugmentTable, augment or {}, "augment", faults)
    chosen = _method_options(method, options or {}, faults)
    if settings is None or faults:
        raise ConfigError(f"fit: {'; '.join(faults)}. Check the arguments' names and values.")
    network = SpikingNetwork(
        module,
        settings.time_steps,
        sequence=data.form == "sequence",
        sample_shape=data.sample_shape,
    )
    install(network, METHODS, chosen)
    return train_network(
        network,
        data,
        settings,
        seed=seed,
        augment=augmentation,
        device=device,
        progress=progress,
    )


def _method_options(
    method: str | tuple[str, ...], options: dict[str, Any], faults: list[str]
) -> dict[str, MethodOptions]:
    names = (method,) if isinstance(method, str) else method
    given = {method: options} if isinstance(method, str) else options
    faults += [unknown("method", name, METHODS) for name in names if name not in METHODS]
    faults += [f"options.{name}: not among the methods" for name in given if name not in names]
    single = isinstance(method, str)
    checked_options = {
        name: checked(
            METHODS[name].options,
            given.get(name, {}),
            "options" if single else f"options.{name}",
            faults,
        )
        for name in names
        if name in METHODS
    }
    chosen = {name: value for name, value in checked_options.items() if value is not None}
    faults += [f"method: {clause}" for clause in contradictions(METHODS, chosen)]
    return chosen


def train_network(
    network: SpikingNetwork,
    data: DataSplits,
    settings: TrainTable,
    *,
    seed: int,
    augment: AugmentTable | None = None,
    device: str = "auto",
    folder: Path | None = None,
    fingerprint: str = "",
    progress: bool = False,
) -> Fitted:
    """Trains a prepared network; with a folder, checkpoints every epoch and resumes.

    With a folder, the layers' diagnostics are collected too and written there at the end.
    A checkpoint in `folder`/checkpoints is continued only if it carries the same fingerprint.

    Raises:
        CheckpointError: the checkpoint in the folder can't be read.
        ConfigError: the device or the precision isn't to be had on this machine, or augmentation
            doesn't suit the data or lacks kornia.
        FileError: the folder can't be written to, or no space is left.
        KeyboardInterrupt: training was interrupted; the last whole epoch is in the checkpoint.
        TrainingError: the loss or a weight stopped being finite.
    """
    chosen_device = _device_for(settings, device)
    augmentation = _augmentation(augment, data)
    resume = _resumable(folder, fingerprint)
    log = EpochLog(folder / "metrics.csv" if folder else None)
    diagnostics = EpochDiagnostics(network, data.validation)
    callbacks: list[Callback] = [log]
    if folder:
        callbacks.append(diagnostics)
        callbacks.append(EpochCheckpoint(folder / "checkpoints" / LAST, fingerprint))
    if progress:
        callbacks.append(RichProgressBar(leave=False))
    # Lightning trains a module in evaluation mode as it stands: statistics would stay frozen.
    classifier = SpikingClassifier(network.train(), settings, len(data.classes), seed, augmentation)
    loaders = (
        _loader(data.train, settings.batch_size, data.workers, shuffle=True, seed=seed),
        _loader(data.validation, settings.batch_size, data.workers, shuffle=False),
    )
    with _lightning_quiet():
        trainer = _trainer(settings, chosen_device, callbacks, progress)
        _run(trainer, classifier, loaders, resume)
    if folder:
        # Lightning leaves the network on the CPU, where a large one would take its time.
        network.to(chosen_device)
        diagnostics.write(folder / "diagnostics.npz")
    network.cpu().eval()
    return Fitted(network=network, history=log.rows)


def _augmentation(table: AugmentTable | None, data: DataSplits) -> nn.Module | None:
    if table is None or table == AugmentTable():
        return None
    # kornia, which it needs, is optional.
    from trainers.augmentation import Augmentation

    return Augmentation(table, data)


def _device_for(settings: TrainTable, device: str) -> str:
    chosen = choose_device(device)
    if settings.precision == "16" and chosen == "cpu":
        raise ConfigError(
            "train.precision 16: a CPU has no float16 mixed precision. Use bf16 or 32, or a GPU."
        )
    return chosen


def _loader(
    split: Split, batch_size: int, workers: int, *, shuffle: bool, seed: int = 0
) -> DataLoader[Any]:
    # The sampler yields whole index lists, so a batch is one tensor gather, not a Python loop.
    batches = EpochBatches(len(split), batch_size, shuffle=shuffle, seed=seed)
    if not isinstance(split.inputs, np.ndarray):
        return lazy_loader(split, batches, workers)
    arrays = [np.require(array, requirements=("C", "W")) for array in (split.inputs, split.labels)]
    return DataLoader(
        TensorDataset(*map(torch.from_numpy, arrays)),
        sampler=batches,
        batch_size=None,
        # Without one of its own a loader draws from the global state each epoch, at a moment that
        # differs after a resume, and dropout would no longer repeat.
        generator=torch.Generator(),
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
        plugins=[WholeFileCheckpointIO()],
        logger=False,
        enable_checkpointing=any(isinstance(item, Checkpoint) for item in callbacks),
        enable_progress_bar=progress,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )


def _run(
    trainer: Trainer, classifier: SpikingClassifier, loaders: tuple[Any, Any], resume: Path | None
) -> None:
    handler = signal.getsignal(signal.SIGINT)
    try:
        with worker_deaths_as_errors():
            trainer.fit(classifier, *loaders, ckpt_path=resume, weights_only=True)
    except SystemExit as error:
        # lightning turns Ctrl-C into exit code 1 and, early in a run, leaves SIGINT ignored.
        raise KeyboardInterrupt from error
    finally:
        # Outside the main thread nobody could have changed it, and nobody may.
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, handler)


@contextmanager
def _lightning_quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        # In-memory tensors need no worker processes, and small sets have few batches.
        warnings.simplefilter("ignore", PossibleUserWarning)
        # torch deprecates a call that lightning 2.6 still makes.
        warnings.filterwarnings("ignore", message=".*LeafSpec.*", category=FutureWarning)
        yield


def _resumable(folder: Path | None, fingerprint: str) -> Path | None:
    path = folder / "checkpoints" / LAST if folder else None
    if path is None or not path.is_file():
        return None
    return path if read_checkpoint(path).get(FINGERPRINT_KEY) == fingerprint else None
