"""How much memory a training sample takes, measured on the first mini-batch of a run.

On a CPU: bytes of all tensors that the forward pass saves for the backward pass, each counted
once, weights left out; what a segment computes again (trainers.recomputation) comes on top. On
CUDA: the most that is allocated until the optimiser's step, above what was before, so the
gradients of the weights too. Both divided by this process's samples.
"""

import weakref
from typing import Any, Self

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks


class SampleMemory(Callback):
    """Measures once per run; the number travels in the checkpoint."""

    def __init__(self) -> None:
        self.bytes_per_sample: int | None = None
        self._samples = 0
        self._before = 0
        self._saved: SavedBytes | None = None

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Starts to count."""
        del trainer, batch_idx
        if self.bytes_per_sample is not None:
            return
        self._samples = len(batch[1])
        if pl_module.device.type == "cuda":
            self._before = torch.cuda.memory_allocated(pl_module.device)
            torch.cuda.reset_peak_memory_stats(pl_module.device)
            return
        self._saved = SavedBytes(pl_module)
        self._saved.__enter__()

    def on_before_backward(
        self, trainer: Trainer, pl_module: LightningModule, loss: Tensor
    ) -> None:
        """On a CPU the count is complete."""
        del trainer, pl_module, loss
        saved, self._saved = self._saved, None
        if saved is not None:
            saved.__exit__()
            self.bytes_per_sample = saved.total // self._samples

    def on_after_backward(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """On CUDA it is now."""
        del trainer
        if self.bytes_per_sample is None:
            peak = torch.cuda.max_memory_allocated(pl_module.device)
            self.bytes_per_sample = (peak - self._before) // self._samples

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Leaves no hook behind."""
        del trainer, pl_module, exception
        if self._saved is not None:
            self._saved.__exit__()
            self._saved = None

    def state_dict(self) -> dict[str, Any]:
        """The number, if it is known."""
        return {"bytes_per_sample": self.bytes_per_sample}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes it back."""
        self.bytes_per_sample = state_dict["bytes_per_sample"]


class SavedBytes:
    """Within the block, bytes of the storages that autograd saves; a module's weights left out.

    What is saved for a result that nothing uses is freed at once, and isn't counted.

    Args:
        module: whose weights aren't counted.
    """

    def __init__(self, module: nn.Module) -> None:
        self._weights = {weight.untyped_storage().data_ptr() for weight in module.parameters()}
        self._saved: weakref.WeakSet[_Saved] = weakref.WeakSet()
        self._hooks = saved_tensors_hooks(self._noted, _tensor_of)

    def __enter__(self) -> Self:
        self._hooks.__enter__()
        return self

    def __exit__(self, *raised: object) -> None:
        self._hooks.__exit__(*raised)

    @property
    def total(self) -> int:
        """Bytes that are saved at the moment."""
        storages = [saved.tensor.untyped_storage() for saved in self._saved]
        sizes = {storage.data_ptr(): storage.nbytes() for storage in storages}
        return sum(size for place, size in sizes.items() if place not in self._weights)

    def _noted(self, tensor: Tensor) -> "_Saved":
        saved = _Saved(tensor)
        self._saved.add(saved)
        return saved


class _Saved:
    """What autograd keeps in a tensor's place, as long as it keeps it."""

    def __init__(self, tensor: Tensor) -> None:
        # Attached, what an operation saves of its own result would hold the operation in turn.
        self.tensor = tensor.detach()


def _tensor_of(saved: _Saved) -> Tensor:
    return saved.tensor
