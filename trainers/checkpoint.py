"""Checkpoints: lightning's own file, read without pickle."""

import pickle
from pathlib import Path
from typing import Any

import torch

from trainers.errors import CheckpointError
from trainers.network import SpikingNetwork

LAST = "last.ckpt"
FINGERPRINT_KEY = "spikeport_fingerprint"
_NETWORK_PREFIX = "network."


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Reads a checkpoint with `weights_only`, so that no code in it can run.

    Raises:
        CheckpointError: it is missing, truncated, or holds anything but plain data and tensors.
    """
    if not path.is_file():
        raise CheckpointError(f"{path}: no checkpoint. Train first with `spikeport train`.")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, ValueError, KeyError, OSError, pickle.UnpicklingError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(
            f"{path}: not a readable checkpoint ({reason[:120]}). Train again or restore the file."
        ) from error
    if not isinstance(content, dict) or "state_dict" not in content:
        raise CheckpointError(f"{path}: a checkpoint without weights. Train again.")
    return content


def load_weights(network: SpikingNetwork, path: Path) -> None:
    """Loads weights and buffers (running thresholds, statistics) into the network.

    Raises:
        CheckpointError: unreadable, not this network's, or with NaN or infinite values.
    """
    weights = {
        name.removeprefix(_NETWORK_PREFIX): tensor
        for name, tensor in read_checkpoint(path)["state_dict"].items()
        if name.startswith(_NETWORK_PREFIX)
    }
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
