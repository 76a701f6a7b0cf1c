"""Diagnostics of training: each layer's activity and gradients after every epoch.

Probing happens in evaluation mode and full precision, on the same first validation samples each
time; it draws no random number and touches no weight, so training goes as it would without.

The gradient norm of a layer is sqrt(sum of squares) of the loss's gradient by its weights (those
with two axes or more: convolutions and linear layers), unscaled, before clipping, mean over the
epoch's optimiser steps: one for each mini-batch, or for several where gradients accumulate. With
precision 16 a step whose scaled gradients overflow isn't taken, and none of its norms enters the
mean. Several processes have the gradients of all.
"""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor, nn
from torch.optim import Optimizer

from trainers.averaged_weights import AveragedWeights
from trainers.data.splits import Split
from trainers.diagnostics_file import EDGES, SERIES, Diagnostics, write_diagnostics
from trainers.evaluation import evaluate
from trainers.layer_probe import probed
from trainers.network import SpikingNetwork

EPOCH_SAMPLES = 256
FINAL_SAMPLES = 2048
BATCH = 256


class EpochDiagnostics(Callback):
    """Collects one row per epoch; the rows travel in the checkpoint.

    Args:
        network: in training, prepared by its methods.
        validation: the split whose first samples are probed.
        averaged: whose weights are probed in the network's place, if any.
    """

    def __init__(
        self,
        network: SpikingNetwork,
        validation: Split,
        averaged: AveragedWeights | None = None,
    ) -> None:
        self.network = network
        self.validation = validation
        self.averaged = averaged
        self.weights = synaptic_weights(network.body)
        layers = sum(1 for _ in network.neurons())
        self._rows = {
            "epochs": torch.empty(0, dtype=torch.int64),
            "series": _no_rows(len(SERIES), layers, network.time_steps),
            "gradient_norms": _no_rows(len(self.weights)),
        }
        self._norms: Tensor | None = None
        self._batches: Tensor | None = None

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Starts the epoch's mean of gradient norms."""
        del trainer
        self._norms = torch.zeros(len(self.weights), dtype=torch.float64, device=pl_module.device)
        self._batches = torch.zeros((), dtype=torch.float64, device=pl_module.device)

    def on_before_optimizer_step(
        self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer
    ) -> None:
        """Adds a mini-batch's norms: lightning has unscaled the gradients and not yet clipped."""
        del trainer, pl_module, optimizer
        if not self.weights or self._norms is None or self._batches is None:
            return
        norms = torch.stack([_gradient_norm(weights) for weights in self.weights.values()])
        finite = norms.isfinite().all()
        self._norms += torch.where(finite, norms, 0.0)
        self._batches += finite

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Probes the network and adds the epoch's row."""
        if self._norms is None or self._batches is None:
            return
        shown = self.averaged.swapped_in(pl_module) if self.averaged else nullcontext()
        with shown, probed(self.network) as probe:
            evaluate(self.network, self.validation, batch_size=BATCH, samples=EPOCH_SAMPLES)
        row = {
            "epochs": torch.tensor(trainer.current_epoch),
            "series": torch.from_numpy(probe.series()),
            "gradient_norms": (self._norms / self._batches).cpu(),
        }
        self._rows = {name: torch.cat([self._rows[name], row[name][None]]) for name in row}
        self._norms = self._batches = None

    def state_dict(self) -> dict[str, Any]:
        """The rows as plain tensors, so that a resumed run has exactly those behind it.

        Within an epoch its sums too.
        """
        if self._norms is None or self._batches is None:
            return dict(self._rows)
        return {**self._rows, "norms": self._norms, "batches": self._batches}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes them back."""
        self._rows = {name: state_dict[name].cpu() for name in self._rows}
        if "norms" in state_dict:
            self._norms, self._batches = state_dict["norms"], state_dict["batches"]

    def write(self, path: Path) -> None:
        """Probes the trained network, where it lies, on the validation split; writes the file.

        Raises:
            FileError: the folder can't be written to, or no space is left.
        """
        with probed(self.network, histogram=True) as probe:
            evaluate(self.network, self.validation, batch_size=BATCH, samples=FINAL_SAMPLES)
        series = self._rows["series"].numpy()
        final = probe.series()
        write_diagnostics(
            path,
            Diagnostics(
                layers=tuple(name for name, _ in self.network.neurons()),
                weight_layers=tuple(self.weights),
                epochs=self._rows["epochs"].numpy(),
                series={name: series[:, index] for index, name in enumerate(SERIES)},
                gradient_norm=self._rows["gradient_norms"].numpy(),
                final=dict(zip(SERIES, final, strict=True)),
                histogram=probe.histogram(),
                edges=EDGES,
                epoch_samples=min(len(self.validation), EPOCH_SAMPLES),
                final_samples=min(len(self.validation), FINAL_SAMPLES),
            ),
        )


def synaptic_weights(body: nn.Module) -> dict[str, list[nn.Parameter]]:
    """Trained weights with two axes or more, by the layer that holds them."""
    found = {
        name: [
            weight
            for weight in module.parameters(recurse=False)
            if weight.requires_grad and weight.ndim > 1
        ]
        for name, module in body.named_modules()
    }
    return {name: weights for name, weights in found.items() if weights}


def _gradient_norm(weights: list[nn.Parameter]) -> Tensor:
    norms = [
        torch.linalg.vector_norm(weight.grad).double()
        if weight.grad is not None
        else torch.zeros((), dtype=torch.float64, device=weight.device)
        for weight in weights
    ]
    return norms[0] if len(norms) == 1 else torch.linalg.vector_norm(torch.stack(norms))


def _no_rows(*shape: int) -> Tensor:
    return torch.empty(0, *shape, dtype=torch.float64)
