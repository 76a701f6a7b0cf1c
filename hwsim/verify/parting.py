"""Where the samples of a batch first part from the reference, and whether rounding excuses it.

First is the earliest step, and in it the first layer in computing order: what comes later follows
from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwsim.verify.runtime import BoolArray, FloatArray

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Partings:
    """One entry for each sample that parts, in the order of the samples.

    Args:
        samples: numbers in the batch.
        steps: of the first differing decision.
        layers: its layer's place in computing order.
        neurons: in that layer, flat: of those that differ then the one whose margin is the largest
            part of its bound.
        excess: that part; NaN where there is no telling.
        beyond: whether any neuron that differs then has a margin above its bound.
    """

    samples: IntArray
    steps: IntArray
    layers: IntArray
    neurons: IntArray
    excess: FloatArray
    beyond: BoolArray

    def __len__(self) -> int:
        return len(self.samples)


def partings(
    differs: Mapping[str, BoolArray],
    margins: Mapping[str, FloatArray],
    bounds: Mapping[str, FloatArray],
) -> Partings:
    """Finds them.

    Args:
        differs: per layer in computing order, whether a decision differs, [T, N, *shape].
        margins: |membrane - threshold| of every decision, as `differs`.
        bounds: what rounding can carry a membrane by, in the same units.
    """
    any_neuron = _any_neuron(differs)
    flat = any_neuron.reshape(-1, any_neuron.shape[2])
    samples = np.flatnonzero(flat.any(axis=0))
    steps, layers = np.divmod(flat.argmax(axis=0)[samples], any_neuron.shape[1])
    neurons = np.zeros(len(samples), dtype=np.int64)
    excess, beyond = np.zeros(len(samples)), np.zeros(len(samples), dtype=np.bool_)
    for k, name in enumerate(differs):
        here = np.flatnonzero(layers == k)
        if not len(here):
            continue
        at = steps[here], samples[here]
        rows = (len(here), -1)
        differ = differs[name][at].reshape(rows)
        margin, bound = margins[name][at].reshape(rows), bounds[name][at].reshape(rows)
        beyond[here] = (differ & ~(margin <= bound)).any(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            part = np.where(differ, margin / bound, -np.inf)
        neurons[here] = part.argmax(axis=1)
        excess[here] = part.max(axis=1)
    return Partings(samples, steps, layers, neurons, excess, beyond)


def _any_neuron(differs: Mapping[str, BoolArray]) -> BoolArray:
    """[T, layers, N]: whether any neuron of a layer decided differently."""
    layers = [differ.reshape(*differ.shape[:2], -1).any(axis=2) for differ in differs.values()]
    return np.stack(layers, axis=1)
