"""Lightning's trainer as this project runs it: quiet, with whole files, and one line per fault."""

import logging
import signal
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.utilities.warnings import PossibleUserWarning
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint

from trainers.checkpoint_io import WholeFileCheckpointIO
from trainers.device import choose_device
from trainers.errors import ConfigError
from trainers.lazy_batches import worker_deaths_as_errors
from trainers.loaders import Loaders
from trainers.synchronised_norm import SynchronisedNorms
from trainers.train_table import TrainTable

PRECISIONS: dict[str, Any] = {"32": "32-true", "bf16": "bf16-mixed", "16": "16-mixed"}


def device_for(settings: TrainTable, device: str) -> str:
    """`cpu` or `cuda`, checked against precision and number of devices.

    Raises:
        ConfigError: the device, the precision or so many GPUs aren't to be had here.
    """
    chosen = choose_device(device)
    if settings.precision == "16" and chosen == "cpu":
        raise ConfigError(
            "train.precision 16: a CPU has no float16 mixed precision. Use bf16 or 32, or a GPU."
        )
    if chosen == "cuda" and settings.devices > torch.cuda.device_count():
        raise ConfigError(
            f"train.devices {settings.devices}: this machine has {torch.cuda.device_count()} GPUs. "
            "Lower it, or choose the cpu."
        )
    return chosen


def lightning_trainer(
    settings: TrainTable, device: str, callbacks: list[Callback], *, progress: bool
) -> Trainer:
    """Lightning's trainer; several processes train by DDP, their batch norms synchronised."""
    for name in ("lightning.pytorch", "lightning.fabric", "lightning.pytorch.utilities.rank_zero"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return Trainer(
        max_epochs=settings.epochs,
        accelerator="gpu" if device == "cuda" else "cpu",
        devices=settings.devices,
        num_nodes=settings.nodes,
        strategy="ddp" if settings.processes > 1 else "auto",
        # The loaders divide each mini-batch themselves.
        use_distributed_sampler=False,
        precision=PRECISIONS[settings.precision],
        gradient_clip_val=settings.gradient_clip,
        accumulate_grad_batches=settings.accumulate,
        callbacks=callbacks,
        plugins=[WholeFileCheckpointIO(), SynchronisedNorms()],
        logger=False,
        enable_checkpointing=any(isinstance(item, Checkpoint) for item in callbacks),
        enable_progress_bar=progress,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )


def run_training(
    trainer: Trainer, module: LightningModule, loaders: Loaders, resume: Path | None
) -> None:
    """Trains, from the checkpoint on where there is one.

    The group of several processes stays for their next training: made anew at the same address,
    it could meet what is left of the one before, and wait for ever.

    Raises:
        DataError: a process that reads samples died.
        KeyboardInterrupt: Ctrl-C.
    """
    handler = signal.getsignal(signal.SIGINT)
    try:
        with worker_deaths_as_errors():
            trainer.fit(
                module, loaders.train, loaders.validation, ckpt_path=resume, weights_only=True
            )
    except SystemExit as error:
        # lightning turns Ctrl-C into exit code 1 and, early in a run, leaves SIGINT ignored.
        raise KeyboardInterrupt from error
    finally:
        # Outside the main thread nobody could have changed it, and nobody may.
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, handler)


@contextmanager
def lightning_quiet() -> Iterator[None]:
    """Within the block, without lightning's and torch's remarks that ask nothing of the user."""
    with warnings.catch_warnings():
        # In-memory tensors need no worker processes, and small sets have few batches.
        warnings.simplefilter("ignore", PossibleUserWarning)
        # torch deprecates a call that lightning 2.6 still makes.
        warnings.filterwarnings("ignore", message=".*LeafSpec.*", category=FutureWarning)
        yield
