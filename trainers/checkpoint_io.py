"""Checkpoints reach the disk whole or not at all."""

import io
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.plugins.io import TorchCheckpointIO

from trainers.atomic_file import whole_file


class WholeFileCheckpointIO(TorchCheckpointIO):
    """Lightning's checkpoint file, replaced in one step: a full disk leaves the old one intact.

    Raises:
        FileError: the folder can't be written to, or no space is left.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        """Serialises in memory, then writes under a temporary name and renames."""
        del storage_options
        content = io.BytesIO()
        torch.save(checkpoint, content)
        with whole_file(Path(path)) as partial:
            partial.write_bytes(content.getvalue())
