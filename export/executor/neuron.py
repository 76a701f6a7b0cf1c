"""Spiking NIR nodes in torch float64: NIR's equation, one forward-Euler step at a time.

LIF: v <- v + dt/tau * ((v_leak - v) + r I)
IF:  v <- v + dt * r I
both: s = v > v_threshold ;  v <- v_reset where s

Where the facts say that the threshold moves, v_threshold is that of the step; see
`export.moving_threshold`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import nir
import torch
from torch import Tensor

from export.executor.linear import doubles
from export.executor.threshold import ThresholdCourse
from export.graph_order import OrderedNode
from export.moving_threshold import MovingThreshold
from export.nir_neuron import discrete_neuron

EulerStep = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Neuron:
    """A spiking node, ready to run.

    Args:
        step: (v, I) -> v after one step, before the reset.
        threshold: v_threshold.
        reset: v_reset.
        moving: how the threshold moves; None for a constant.
    """

    step: EulerStep
    threshold: Tensor
    reset: Tensor
    moving: MovingThreshold | None = None


def neuron(ordered: OrderedNode, dt_s: float, moving: MovingThreshold | None = None) -> Neuron:
    """A spiking node at step `dt_s`.

    Raises:
        InvalidGraph: parameters that can't be stepped; see `export.nir_neuron`.
    """
    node = ordered.node
    discrete_neuron(ordered.name, node, dt_s)
    step = _STEPS[type(node)](node, dt_s)
    return Neuron(step, doubles(node.v_threshold), doubles(node.v_reset), moving)


def fire(
    cell: Neuron,
    current: Tensor,
    time_steps: int,
    membranes: Tensor | None = None,
    thresholds: Tensor | None = None,
) -> Tensor:
    """Spikes of a population over T steps, starting from v = 0.

    Args:
        cell: the neurons.
        current: [T, N, *shape], or [1, N, *shape] for a current that stays.
        time_steps: T.
        membranes: [T, N, *shape] to be filled with v before the reset, if wanted.
        thresholds: [T, N, *shape] to be filled with what v is compared with, if wanted.

    Returns:
        bool [T, N, *shape].
    """
    current = current.expand(time_steps, *current.shape[1:])
    spikes = torch.empty(current.shape, dtype=torch.bool)
    v = torch.zeros_like(current[0])
    course = ThresholdCourse(cell.threshold, cell.moving, v, time_steps)
    for t in range(time_steps):
        v = cell.step(v, current[t])
        threshold = course.at(t)
        if membranes is not None:
            membranes[t] = v
        if thresholds is not None:
            thresholds[t] = threshold
        spikes[t] = v > threshold
        course.observe(spikes[t])
        v = torch.where(spikes[t], cell.reset, v)
    return spikes


def _lif(node: Any, dt_s: float) -> EulerStep:
    rate = torch.clamp(dt_s / doubles(node.tau), max=1.0)
    leak, r = doubles(node.v_leak), doubles(node.r)
    return lambda v, current: v + rate * ((leak - v) + r * current)


def _if(node: Any, dt_s: float) -> EulerStep:
    r = doubles(node.r)
    return lambda v, current: v + dt_s * r * current


_STEPS: dict[type, Callable[[Any, float], EulerStep]] = {nir.LIF: _lif, nir.IF: _if}
