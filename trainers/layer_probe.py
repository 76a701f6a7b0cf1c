"""What every LIF layer does at every step: rates, membranes, thresholds, reach of the gradient.

Over all samples and neurons that a network runs inside `probed`, per layer and time step, with u
the membrane before reset, s the spike and theta the threshold in use:

    rate            mean(s)
    membrane_mean   mean(u)
    membrane_std    sqrt(mean(u^2) - mean(u)^2)
    threshold       mean(theta)
    available       share of |u - theta| < width / 2
    width           the surrogate's interval, mean over batches weighted by their size

The gradient-available interval is where ds/du is at least half its value at u = theta; for a
rectangle of width k it is exactly |u - theta| < k/2. Sums are float64, counts are exact.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainers.diagnostics_file import EDGES, SERIES
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF


class LayerProbe:
    """The sums of one network's layers, readable at any time; made by `probed`."""

    def __init__(self, neurons: list[LIF], time_steps: int, *, histogram: bool) -> None:
        self.layers = [_LayerSums(neuron, time_steps, histogram) for neuron in neurons]

    def series(self) -> NDArray[np.float64]:
        """Shape [len(SERIES), L, T]; NaN for a layer that never ran."""
        return np.stack([layer.series() for layer in self.layers], axis=1)

    def histogram(self) -> NDArray[np.int64]:
        """Counts [L, T, bins + 2] of u - theta: below the edges, in bins (low, high], above."""
        return np.stack([layer.histogram() for layer in self.layers])


@contextmanager
def probed(network: SpikingNetwork, *, histogram: bool = False) -> Iterator[LayerProbe]:
    """Sums over everything that the network runs in the block, and leaves no trace on it.

    Run it in evaluation mode: running thresholds and statistics then stay as they are.

    Example:
        `with probed(network) as probe: evaluate(network, split)`, then `probe.series()`

    Args:
        network: whose LIF layers report.
        histogram: also count u - theta.
    """
    neurons = [neuron for _, neuron in network.neurons()]
    before = [neuron.probe for neuron in neurons]
    probe = LayerProbe(neurons, network.time_steps, histogram=histogram)
    for neuron, layer in zip(neurons, probe.layers, strict=True):
        neuron.probe = layer.add
    try:
        yield probe
    finally:
        for neuron, earlier in zip(neurons, before, strict=True):
            neuron.probe = earlier


class _LayerSums:
    """Sums [T, 7] of one layer, on its own device: nothing is copied back at a step."""

    def __init__(self, neuron: LIF, time_steps: int, histogram: bool) -> None:
        self.neuron = neuron
        self._sums = torch.zeros(time_steps, len(SERIES) + 1, dtype=torch.float64)
        self._counts = torch.zeros(time_steps, len(EDGES) + 1, dtype=torch.int64)
        self._edges = torch.from_numpy(EDGES)
        self._counting = histogram

    @torch.no_grad()
    def add(self, step: int, membrane: Tensor, threshold: Tensor, fired: Tensor) -> None:
        """One step of one batch."""
        self._move_to(membrane.device)
        distance = membrane - threshold
        width = self.neuron.surrogate.interval(membrane, threshold, step)
        available = distance.abs() < width / 2
        wide = membrane.double()
        number = membrane.numel()
        self._sums[step] += torch.stack([
            fired.sum(dtype=torch.float64),
            wide.sum(),
            wide.square().sum(),
            threshold.double().mean() * number,
            available.sum(dtype=torch.float64),
            width.double() * number,
            torch.full((), number, dtype=torch.float64, device=membrane.device),
        ])  # fmt: skip
        if self._counting:
            bins = torch.bucketize(distance.double().contiguous(), self._edges).flatten()
            self._counts[step] += torch.bincount(bins, minlength=len(EDGES) + 1)

    def series(self) -> NDArray[np.float64]:
        """Shape [len(SERIES), T]."""
        sums = self._sums.cpu().numpy().T
        with np.errstate(invalid="ignore"):
            rate, mean, square, threshold, available, width = sums[:-1] / sums[-1]
        spread = np.sqrt(np.maximum(square - mean**2, 0))
        return np.stack([rate, mean, spread, threshold, available, width])

    def histogram(self) -> NDArray[np.int64]:
        """Counts [T, 66]."""
        counts: NDArray[np.int64] = self._counts.cpu().numpy()
        return counts

    def _move_to(self, device: torch.device) -> None:
        if self._sums.device != device:
            self._sums = self._sums.to(device)
            self._counts = self._counts.to(device)
            self._edges = self._edges.to(device)
