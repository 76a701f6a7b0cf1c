"""One population in the chip's integers, run without the chip's state arithmetic.

In units of one mantissa, in float64:

    u[t] = (1 - decay_u / 4096) u[t-1] + sum of weight * input[t] + bias
    v[t] = (1 - decay_v / 4096) v[t-1] + u[t]
    s[t] = v[t] > threshold ;  v[t] = 0 where s[t]

Where the threshold changes from step to step, it is that of step t. Nothing is truncated, wraps or
saturates, and a spike of step t counts at step t. Sums of integers are exact here, so no number
depends on the batch size.
"""

from collections.abc import Mapping
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from export.chip.graph import ConvProjection, IntArray, Population, Projection
from export.chip.limits import DECAY_ONE
from export.errors import UnsupportedLayer
from export.executor.linear import doubles
from export.executor.run import over_time

Signals = Mapping[str, Tensor]
"""What each population or external input sends: float64 [T, N, *shape], or [1, N, *shape]."""


def arriving(
    population: Population,
    projections: tuple[Projection, ...],
    signals: Signals,
    driven: Tensor | None = None,
) -> Tensor:
    """The population's current before any decay, bias included: [T, N, *shape] or [1, N, *shape].

    Args:
        population: its integers.
        projections: onto it.
        signals: of every source.
        driven: biases that the host writes, [T, N, *shape] or [1, N, *shape].

    Raises:
        UnsupportedLayer: a projection is delayed, or comes from a population that runs later.
    """
    current = doubles(population.bias).expand(population.shape)[None, None]
    for projection in projections:
        _refuse_other_steps(projection, signals)
        sums = over_time(partial(_sums, projection), signals[projection.source])
        current = current + sums.reshape(*sums.shape[:2], *population.shape)
    return current if driven is None else current + driven


def fired(population: Population, current: Tensor, time_steps: int) -> Tensor:
    """Spikes of a population, starting from rest: bool [T, N, *shape].

    Args:
        population: its integers.
        current: of `arriving`.
        time_steps: T.
    """
    keep_u, keep_v = _kept(population.decay_u), _kept(population.decay_v)
    current = current.expand(time_steps, *current.shape[1:])
    spikes = torch.empty(current.shape, dtype=torch.bool)
    u = v = torch.zeros_like(current[0])
    for step in range(time_steps):
        u = keep_u * u + current[step]
        v = keep_v * v + u
        spikes[step] = v > doubles(population.threshold_at(step))
        v = v.masked_fill(spikes[step], 0.0)
    return spikes


def _kept(decay: IntArray) -> Tensor:
    return doubles(1 - decay / DECAY_ONE)


def _sums(projection: Projection, inputs: Tensor) -> Tensor:
    weight = doubles(projection.weight)
    if not isinstance(projection, ConvProjection):
        return inputs.flatten(1) @ weight.T
    return F.conv2d(
        inputs,
        weight,
        None,
        projection.stride,
        projection.padding,
        projection.dilation,
        projection.groups,
    )


def _refuse_other_steps(projection: Projection, signals: Signals) -> None:
    delayed = projection.delay is not None and bool(np.any(projection.delay))
    if not delayed and projection.source in signals:
        return
    why = "is delayed" if delayed else "comes from a population that runs later"
    raise UnsupportedLayer(
        f"rounded run: projection '{projection.source}' -> '{projection.target}' {why}, but here "
        "every spike counts at its own step. Pass Quantization.synchronous."
    )
