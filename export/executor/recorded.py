"""What the executor keeps of a run."""

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from export.executor.neuron import Firing

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Run:
    """What a frozen network did with N samples in T steps.

    Args:
        outputs: float64 [T, N, classes], the graph's output at each step.
        spikes: per spiking node, bool [T, N, *shape], or int64 where several can fall into one
            step.
        membranes: per spiking node, v before the reset in the file's own units, float64
            [T, N, *shape]; empty unless asked for.
        thresholds: per spiking node whose threshold moves, what v was compared with, as membranes.
    """

    outputs: FloatArray
    spikes: dict[str, BoolArray]
    membranes: dict[str, FloatArray] = field(default_factory=dict)
    thresholds: dict[str, FloatArray] = field(default_factory=dict)


class Recorded:
    """Spikes, and with `record` membranes and moving thresholds, entered step by step."""

    def __init__(self, time_steps: int, record: bool) -> None:
        self._steps, self._record = time_steps, record
        self.spikes: dict[str, Tensor] = {}
        self._membranes: dict[str, Tensor] = {}
        self._thresholds: dict[str, Tensor] = {}

    def add(self, name: str, t: int, fired: Tensor, firing: Firing) -> None:
        """Enters what a population did in step t."""
        self._enter(self.spikes, name, t, fired)
        if self._record:
            self._enter(self._membranes, name, t, firing.membrane)
            if firing.moves:
                self._enter(self._thresholds, name, t, firing.threshold.expand(fired.shape))

    def as_run(self, outputs: Tensor) -> Run:
        """The whole run, with the graph's outputs [T, N, *shape]."""
        return Run(
            outputs.numpy(),
            {name: tensor.numpy() for name, tensor in self.spikes.items()},
            {name: tensor.numpy() for name, tensor in self._membranes.items()},
            {name: tensor.numpy() for name, tensor in self._thresholds.items()},
        )

    def _enter(self, kept: dict[str, Tensor], name: str, t: int, values: Tensor) -> None:
        if name not in kept:
            kept[name] = torch.empty((self._steps, *values.shape), dtype=values.dtype)
        kept[name][t] = values
