"""Moving average of the weights (EMA), which is validated, frozen and kept in their place.

After each optimiser step n (from 0), for every weight w and every running statistic that is a real
number (batch norm's, running thresholds), which belong to the weights they were measured with:

    average <- d average + (1 - d) w ,   d = min(ema_decay, (1 + n) / (10 + n))

The second term is the warm-up of TensorFlow's ExponentialMovingAverage: without it a short run
would keep its random start. Counts and other integers are the trained network's own. The average
starts as the weights after the first step.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor

NETWORK_PREFIX = "network."
WARM_UP = 10


class AveragedWeights(WeightAveraging):
    """Lightning's weight averaging, which swaps the average in for validation, with this rule.

    A checkpoint's state_dict is the average; the weights in training lie beside it.

    Args:
        decay: the largest d.
    """

    def __init__(self, decay: float) -> None:
        super().__init__(use_buffers=True, avg_fn=self._average)
        self.decay = decay

    def _average(self, average: Tensor, current: Tensor, updates: Tensor | int) -> Tensor:
        if not average.is_floating_point():
            return current
        step = float(updates)
        decay = min(self.decay, (1 + step) / (WARM_UP + step))
        return torch.lerp(current, average, decay)

    def network_state(self) -> dict[str, Tensor]:
        """The averaged network's weights and buffers by their names in it."""
        if self._average_model is None:
            return {}
        prefix = f"module.{NETWORK_PREFIX}"
        return {
            name.removeprefix(prefix): tensor
            for name, tensor in self._average_model.state_dict().items()
            if name.startswith(prefix)
        }

    @contextmanager
    def swapped_in(self, module: LightningModule) -> Iterator[None]:
        """Within the block the module has the averaged weights."""
        self._swap_models(module)
        try:
            yield
        finally:
            self._swap_models(module)
