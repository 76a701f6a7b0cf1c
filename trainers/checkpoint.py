"""Checkpoints: lightning's own file, read without pickle."""

import pickle
import warnings
from pathlib import Path
from typing import Any

import torch

from trainers.errors import CheckpointError
from trainers.network import SpikingNetwork

LAST = "last.ckpt"
FINGERPRINT_KEY = "spikeport_fingerprint"
BEST_KEY = "spikeport_best"
"""The best epoch of a run with early stop (trainers.best_epoch), which is what the run keeps."""
_NETWORK_PREFIX = "network."
# What torch's restricted unpickler raises on bytes that aren't a checkpoint; measured by mutation.
_DAMAGED = (
    pickle.UnpicklingError,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Reads a checkpoint with `weights_only`, so that no code in it can run.

    Raises:
        CheckpointError: it is missing, truncated, or holds anything but plain data and tensors.
    """
    if not path.is_file():
        raise CheckpointError(f"{path}: no checkpoint. Train first with `spikeport train`.")
    try:
        with warnings.catch_warnings():
            # torch warns about a pickle that it then refuses; the refusal says enough.
            warnings.filterwarnings("ignore", message="Detected pickle protocol")
            content = torch.load(path, map_location="cpu", weights_only=True)
    except _DAMAGED as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(
            f"{path}: not a readable checkpoint ({reason[:120]}). Restore it, or delete it and "
            "train."
        ) from error
    if not isinstance(content, dict) or not _are_weights(content.get("state_dict")):
        raise CheckpointError(f"{path}: holds no weights. Restore it, or delete it and train.")
    return content


def _are_weights(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(name, str) and isinstance(tensor, torch.Tensor) for name, tensor in value.items()
    )


def _kept_weights(path: Path) -> dict[str, torch.Tensor]:
    content = read_checkpoint(path)
    best = content.get(BEST_KEY)
    if best is None:
        return {
            name.removeprefix(_NETWORK_PREFIX): tensor
            for name, tensor in content["state_dict"].items()
            if name.startswith(_NETWORK_PREFIX)
        }
    weights: Any = best.get("network") if isinstance(best, dict) else None
    if not _are_weights(weights):
        raise CheckpointError(
            f"{path}: holds no weights of its best epoch. Restore it, or delete it and train."
        )
    return dict(weights)


def load_weights(network: SpikingNetwork, path: Path) -> None:
    """Loads what the run keeps: weights and buffers (running thresholds, statistics).

    That is the best epoch's where training stops early, else the last one's, averaged where
    training averages (trainers.averaged_weights).

    Raises:
        CheckpointError: unreadable, not this network's, or with NaN or infinite values.
    """
    weights = _kept_weights(path)
    for name, tensor in weights.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            bad = int((~torch.isfinite(tensor)).sum())
            raise CheckpointError(
                f"{path}: '{name}': {bad} of {tensor.numel()} values are NaN or infinite. "
                "Train again with a lower learning rate."
            )
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:200]
        raise CheckpointError(
            f"{path}: belongs to another network ({reason}). Use the run's own config.toml."
        ) from error
