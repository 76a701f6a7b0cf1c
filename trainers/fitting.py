"""Training: any module built from our LIF and plain torch layers, by any method of the table."""

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback
from lightning.pytorch.callbacks import RichProgressBar
from torch import nn

from trainers.averaged_weights import AveragedWeights
from trainers.best_epoch import BestEpoch
from trainers.checkpoint import FINGERPRINT_KEY, LAST, read_checkpoint
from trainers.chosen_methods import chosen_methods
from trainers.data.splits import DataSplits
from trainers.diagnostics import EpochDiagnostics
from trainers.encodings.encoded_splits import encoded
from trainers.encodings.encoding_table import encoding_table
from trainers.epoch_checkpoint import EpochCheckpoint
from trainers.epoch_log import EpochLog
from trainers.errors import ConfigError
from trainers.faults import checked
from trainers.fused_training import fused_training
from trainers.lightning_module import SpikingClassifier
from trainers.lightning_trainer import (
    device_for,
    lightning_quiet,
    lightning_trainer,
    run_training,
)
from trainers.loaders import epoch_loaders
from trainers.methods import METHODS, install
from trainers.network import SpikingNetwork
from trainers.processes import processes_of
from trainers.rank_state import RankState
from trainers.recipe import AugmentTable, TrainTable
from trainers.recomputation import recomputing
from trainers.sample_memory import SampleMemory


@dataclass(frozen=True)
class Fitted:
    """What training leaves.

    Args:
        network: trained, on the CPU, in evaluation mode.
        history: one row per epoch (see trainers.epoch_log.COLUMNS).
        epoch: the one, from 0, whose weights the network has: the last, or with early stop the
            best on the validation split.
    """

    network: SpikingNetwork
    history: list[dict[str, float]]
    epoch: int


def fit(
    module: nn.Module,
    data: DataSplits,
    *,
    method: str | tuple[str, ...] = "ds-atgo",
    options: dict[str, Any] | None = None,
    encoding: dict[str, Any] | None = None,
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
        encoding: keys of a recipe's [encoding] table: name, ...; evaluate on what
            trainers.encode_data returns for the same keys, time steps and seed.
        augment: keys of a recipe's [augment] table: crop_padding, flip, ...; of training samples.
        seed: of shuffling and everything random in training (not of the module's own weights).
        device: auto, cpu or cuda.
        progress: show a progress bar.
        train: keys of a recipe's [train] table: time_steps, epochs, batch_size, ...

    Raises:
        ConfigError: an unknown method, option, training key or device, or an encoding or
            augmentation that doesn't suit the data; all faults in one line.
        DataError: the module's output isn't one current per class.
        TrainingError: the loss stopped being finite.
    """
    faults: list[str] = []
    settings = checked(TrainTable, train, "", faults)
    augmentation = checked(AugmentTable, augment or {}, "augment", faults)
    table = encoding_table(encoding, faults)
    chosen = chosen_methods(method, options or {}, faults)
    if settings is None or faults:
        raise ConfigError(f"fit: {'; '.join(faults)}. Check the arguments' names and values.")
    data = encoded(data, table, settings.time_steps, seed)
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
    diagnosed: bool = True,
) -> Fitted:
    """Trains a prepared network; with a folder, writes checkpoints and resumes.

    With a folder, the layers' diagnostics are collected too and written there at the end, unless
    `diagnosed` is off.
    A checkpoint in `folder`/checkpoints is continued only if it carries the same fingerprint.
    Of several processes, which all call this and see the same folder, the first writes it.

    Raises:
        CheckpointError: the checkpoint in the folder can't be read.
        ConfigError: the device, the precision or the number of processes isn't to be had on this
            machine, or augmentation doesn't suit the data or lacks kornia.
        FileError: the folder can't be written to, or no space is left.
        KeyboardInterrupt: training was interrupted; the checkpoint continues it.
        TrainingError: the loss or a weight stopped being finite.
    """
    chosen_device = device_for(settings, device)
    processes = processes_of(settings)
    augmentation = _augmentation(augment, data)
    resume = _resumable(folder, fingerprint)
    loaders = epoch_loaders(data, settings, seed, processes)
    # Lightning trains a module in evaluation mode as it stands: statistics would stay frozen.
    classifier = SpikingClassifier(
        network.train(), settings, len(data.classes), seed, augmentation, loaders.batches
    )
    averaged = AveragedWeights(settings.ema_decay) if settings.ema_decay is not None else None
    best = BestEpoch(settings.early_stop, network, averaged) if settings.early_stop else None
    memory = SampleMemory()
    log = EpochLog(folder / "metrics.csv" if folder and processes.first else None, memory)
    diagnostics = EpochDiagnostics(network, data.validation, averaged)
    callbacks: list[Callback] = [item for item in (averaged, best) if item is not None]
    callbacks += [memory, log]
    if folder and diagnosed:
        callbacks.append(diagnostics)
    if folder:
        callbacks.append(RankState(classifier.epoch_sums, processes, seed))
        callbacks.append(EpochCheckpoint(folder / "checkpoints" / LAST, fingerprint, settings))
    if progress and processes.first:
        callbacks.append(RichProgressBar(leave=False))
    recomputed = recomputing(network.body) if settings.checkpoint_activations else nullcontext()
    with lightning_quiet(), recomputed, fused_training(network, data, settings, chosen_device):
        trainer = lightning_trainer(
            settings, chosen_device, callbacks, progress=progress and processes.first
        )
        run_training(trainer, classifier, loaders, resume)
    # A run that was over before has loaded its checkpoint, and lightning swaps in nothing then.
    if best is not None:
        network.load_state_dict(best.weights)
    elif averaged is not None:
        network.load_state_dict(averaged.network_state())
    if folder and diagnosed and processes.first:
        # Lightning leaves the network on the CPU, where a large one would take its time.
        network.to(chosen_device)
        diagnostics.write(folder / "diagnostics.npz")
    network.cpu().eval()
    last = len(log.rows) - 1
    return Fitted(network=network, history=log.rows, epoch=last if best is None else best.epoch)


def _augmentation(table: AugmentTable | None, data: DataSplits) -> nn.Module | None:
    if table is None or table == AugmentTable():
        return None
    # kornia, which it needs, is optional.
    from trainers.augmentation import Augmentation

    return Augmentation(table, data)


def _resumable(folder: Path | None, fingerprint: str) -> Path | None:
    path = folder / "checkpoints" / LAST if folder else None
    if path is None or not path.is_file():
        return None
    return path if read_checkpoint(path).get(FINGERPRINT_KEY) == fingerprint else None
