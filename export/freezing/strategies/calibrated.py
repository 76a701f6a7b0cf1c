"""calibrated: layer by layer, the constant under which fewest spikes differ from the trained ones.

With s the spikes of the trained network under its thresholds per step, and c those of the frozen
one, whose layers before l hold their constants already:

    theta_l = argmin over theta of  D_l(theta) = sum over samples, t, neurons of [c_l(theta) != s_l]

D is counted exactly on the first calibration samples, for all candidates at once: first on a
coarse grid from the layer's smallest threshold to its largest, with their mean, then on a fine grid
between the neighbours of the best. Of equal candidates the one nearest to the mean is taken. Decays
of the frozen network are on the chip's grid, as in the exported file.

Nothing beyond the layer's own thresholds is a candidate: a spike that moves to another step counts
twice, missing and extra, one that is lost counts once, so D alone would lead towards silence.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from export.freezing.frozen_module import frozen_lif
from export.freezing.strategies.prefix_run import (
    batches,
    calibration_samples,
    execution_order,
    layer_run,
)
from export.freezing.strategies.strategy import FloatArray, Strategy
from export.freezing.to_nir import DECAY_GRID, snap_decay
from export.freezing.torch_layers import read_neuron
from trainers.data.splits import Inputs
from trainers.evaluation_mode import evaluating
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF
from trainers.neurons.recurrent_lif import RecurrentLIF
from trainers.neurons.threshold import FixedThreshold

COARSE = 17
FINE = 17
LARGEST_RUN = 1 << 22
"""Membranes of all candidates at once; four bytes each, in a few copies."""


def choose(
    network: SpikingNetwork,
    schedules: Mapping[str, FloatArray],
    calibration: NDArray[Any] | Inputs | None,
) -> dict[str, float]:
    """The constants of least disagreement; a schedule that is constant keeps its value.

    Raises:
        ConfigError: no calibration samples.
        DataError: a calibration value is NaN or infinite.
        InvalidGraph: the samples don't fit the network, or a decay isn't finite.
        LimitExceeded: a decay leaves the chip's grid.
        UnsupportedLayer: a neuron of another kind than LIF itself.
    """
    samples = calibration_samples(calibration)
    moving = [name for name, schedule in schedules.items() if is_moving(schedule)]
    constants = {
        name: float(schedule.mean() if name in moving else schedule[0])
        for name, schedule in schedules.items()
    }
    if not moving:
        return constants
    with torch.no_grad(), evaluating(network):
        frozen = _frozen(network, constants)
        comparison = _Comparison(network, frozen, samples)
        for name in execution_order(frozen, samples):
            if name in moving:
                constants[name] = _calibrated(comparison, name, schedules[name])
                _lif(frozen, name).threshold_rule = _rule(constants[name])
    return constants


def is_moving(schedule: FloatArray) -> bool:
    """Whether a threshold depends on the step."""
    return bool((schedule != schedule[0]).any())


def changed_spikes(
    currents: Tensor,
    expected: Tensor,
    decay: float,
    thresholds: Tensor,
    recurrent: Tensor | None = None,
) -> NDArray[np.int64]:
    """How many spikes of a LIF at unit input gain differ from those expected, per threshold.

    Args:
        currents: [T, B, features].
        expected: spikes 0 or 1, of the same shape.
        decay: of the membrane.
        thresholds: [K], all run at once.
        recurrent: weights [features, features] from the spikes of the step before; None for none.

    Returns:
        Counts [K].
    """
    counts = torch.zeros(len(thresholds), dtype=torch.int64, device=currents.device)
    levels = thresholds.view(-1, 1, 1)
    rows = max(1, LARGEST_RUN // (len(thresholds) * currents.shape[2]))
    for part, wanted in zip(currents.split(rows, 1), (expected > 0).split(rows, 1), strict=True):
        membrane = part.new_zeros(len(thresholds), *part.shape[1:])
        fired = torch.zeros_like(membrane, dtype=torch.bool)
        for incoming, fires in zip(part, wanted, strict=True):
            membrane.mul_(decay).add_(incoming)
            if recurrent is not None:
                membrane.add_(fired.to(membrane.dtype) @ recurrent.T)
            fired = membrane > levels
            counts += (fired != fires).flatten(1).sum(dim=1)
            membrane = torch.where(fired, 0.0, membrane)
    return counts.cpu().numpy()


@dataclass(frozen=True)
class _Comparison:
    """The trained network and the one with constants, side by side.

    Args:
        trained: untouched.
        frozen: its copy; the layers before the one in question hold their constants.
        samples: [N, ...], or [N, T, ...] of sequences.
    """

    trained: SpikingNetwork
    frozen: SpikingNetwork
    samples: NDArray[Any]

    def disagreement(self, name: str, candidates: FloatArray) -> dict[float, int]:
        """Spikes of layer `name` that differ, over all samples, per candidate threshold."""
        counts = np.zeros(len(candidates), dtype=np.int64)
        neuron = _lif(self.frozen, name)
        decay = float(neuron.decay)
        recurrent = neuron.recurrent.weight if isinstance(neuron, RecurrentLIF) else None
        for batch in batches(self.frozen, self.samples):
            _, expected = layer_run(self.trained, name, batch)
            currents, _ = layer_run(self.frozen, name, batch)
            thresholds = torch.from_numpy(candidates).to(currents)
            counts += changed_spikes(currents, expected, decay, thresholds, recurrent)
        return dict(zip(candidates.tolist(), counts.tolist(), strict=True))


def _calibrated(comparison: _Comparison, name: str, schedule: FloatArray) -> float:
    mean = float(schedule.mean())
    coarse = _coarse(schedule)
    counts = comparison.disagreement(name, coarse)
    best = int(np.searchsorted(coarse, _least(counts, mean)))
    low, high = coarse[max(0, best - 1)], coarse[min(len(coarse) - 1, best + 1)]
    counts |= comparison.disagreement(name, np.linspace(low, high, FINE))
    return _least(counts, mean)


def _coarse(schedule: FloatArray) -> FloatArray:
    """Ascending, the mean among them."""
    grid = np.linspace(schedule.min(), schedule.max(), COARSE)
    return np.union1d(grid, schedule.mean())


def _least(counts: Mapping[float, int], mean: float) -> float:
    return min(counts, key=lambda value: (counts[value], abs(value - mean), value))


def _frozen(network: SpikingNetwork, constants: Mapping[str, float]) -> SpikingNetwork:
    """A copy whose LIFs are as they are exported: constants, snapped decays, unit input gain."""
    frozen = copy.deepcopy(network)
    for name, neuron in network.neurons():
        decay = snap_decay(name, read_neuron(name, neuron, constants[name]).decay) / DECAY_GRID
        layer = frozen_lif(neuron, decay, _rule(constants[name])).to(neuron.decay_logit.device)
        parent, _, last = f"body.{name}".rstrip(".").rpartition(".")
        setattr(frozen.get_submodule(parent), last, layer)
    frozen.set_time_steps(network.time_steps)
    return frozen.eval()


def _lif(network: SpikingNetwork, name: str) -> LIF:
    return dict(network.neurons())[name]


def _rule(constant: float) -> FixedThreshold:
    rule = FixedThreshold()
    rule.value = torch.tensor(constant, dtype=torch.float64)
    return rule


CALIBRATED = Strategy(
    summary="the constant whose spikes differ least from the trained network's, layer by layer",
    choose=choose,
    needs_calibration=True,
)
