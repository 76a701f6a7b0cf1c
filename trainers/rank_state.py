"""What each process knows alone in mid-epoch: its random state and its own sums of metrics.

Only a checkpoint written within an epoch holds it: at an epoch's start everything is seeded and
zeroed anew. Continued by another number of processes, the sums go on, and the rest of the epoch
draws from generators seeded by (seed, epoch, batch, process).
"""

from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor, distributed
from torchmetrics import Metric

from trainers.epoch_batches import EPOCH_SEED_STRIDE, epoch_seed
from trainers.processes import Processes

RANKS_KEY = "spikeport_ranks"


class RankState(Callback):
    """Carries the state of every process through a checkpoint written within an epoch.

    Args:
        metrics: by name; sums that each process keeps of its own samples.
        processes: this one among all.
        seed: of everything random.
    """

    def __init__(self, metrics: dict[str, Metric], processes: Processes, seed: int) -> None:
        self.metrics = metrics
        self.processes = processes
        self.seed = seed
        self._within_epoch = False
        self._restored: list[dict[str, Any]] = []

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """From here on the epoch's state matters."""
        del trainer, pl_module, batch, batch_idx
        self._within_epoch = True

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """From here on it doesn't."""
        del trainer, pl_module
        self._within_epoch = False

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Gathers the state of all processes."""
        del trainer
        if self._within_epoch:
            checkpoint[RANKS_KEY] = _gathered(self._own_state(pl_module), self.processes.number)

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Keeps it until training starts."""
        del trainer, pl_module
        self._restored = checkpoint.get(RANKS_KEY, [])

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Puts it back, after whatever setting up has drawn."""
        states, self._restored = self._restored, []
        if len(states) == self.processes.number:
            self._restore(states[self.processes.rank], pl_module)
        elif states:
            self._draw_anew(trainer.current_epoch, states[0]["batches"])
            if self.processes.first:
                self._load_metrics(_summed([state["metrics"] for state in states]), pl_module)

    def _own_state(self, module: LightningModule) -> dict[str, Any]:
        state: dict[str, Any] = {
            "batches": module.trainer.fit_loop.batch_idx + 1,
            "rng": torch.get_rng_state(),
            "metrics": {
                name: {part: torch.as_tensor(value).cpu() for part, value in _state(metric)}
                for name, metric in self.metrics.items()
            },
        }
        if module.device.type == "cuda":
            state["cuda_rng"] = torch.cuda.get_rng_state(module.device)
        return state

    def _restore(self, state: dict[str, Any], module: LightningModule) -> None:
        torch.set_rng_state(state["rng"].cpu())
        if module.device.type == "cuda" and "cuda_rng" in state:
            torch.cuda.set_rng_state(state["cuda_rng"].cpu(), module.device)
        self._load_metrics(state["metrics"], module)

    def _draw_anew(self, epoch: int, batches: int) -> None:
        seed = epoch_seed(self.seed, epoch, self.processes.rank)
        torch.manual_seed((seed + batches * EPOCH_SEED_STRIDE**2) % 2**63)

    def _load_metrics(self, sums: dict[str, dict[str, Tensor]], module: LightningModule) -> None:
        for name, parts in sums.items():
            for part, value in parts.items():
                setattr(self.metrics[name], part, value.to(module.device))


def _state(metric: Metric) -> list[tuple[str, Any]]:
    return list(metric.metric_state.items())


def _gathered(state: dict[str, Any], processes: int) -> list[dict[str, Any]]:
    if processes == 1:
        return [state]
    states: list[Any] = [None] * processes
    distributed.all_gather_object(states, state)
    return states


def _summed(states: list[dict[str, dict[str, Tensor]]]) -> dict[str, dict[str, Tensor]]:
    return {
        name: {
            part: torch.stack([state[name][part] for state in states]).sum(dim=0) for part in parts
        }
        for name, parts in states[0].items()
    }
