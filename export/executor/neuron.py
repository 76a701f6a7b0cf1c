"""Spiking NIR nodes in torch float64: NIR's equation, one forward-Euler step at a time.

LIF:       v <- v + dt/tau * ((v_leak - v) + r I)
IF:        v <- v + dt * r I
CubaLIF:   i <- i + dt/tau_syn * (w_in I - i) ;  v <- v + dt/tau_mem * ((v_leak - v) + r i)
Threshold: v <- I, as if it forgot at once
all:       s = v > v_threshold ;  v <- v_reset where s, or as the facts say (export.executor.reset)

CubaLIF's membrane takes the synapse's new value in, as all importers do. Where the facts say that
the threshold moves, v_threshold is that of the step; see `export.moving_threshold`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import nir
import torch
from torch import Tensor

from export.errors import InvalidGraph
from export.executor import reset as resetting
from export.executor.linear import doubles
from export.executor.synapse import Synapse, synapse
from export.executor.threshold import ThresholdCourse
from export.graph_order import OrderedNode
from export.moving_threshold import MovingThreshold
from export.nir_metadata import ResetRule
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
        synapse: what stands between the input and I; None for nothing.
        rule: what a spike does; see `export.executor.reset`.
    """

    step: EulerStep
    threshold: Tensor
    reset: Tensor
    moving: MovingThreshold | None = None
    synapse: Synapse | None = None
    rule: ResetRule = "zero"


def neuron(
    ordered: OrderedNode,
    dt_s: float,
    moving: MovingThreshold | None = None,
    rule: ResetRule = "zero",
) -> Neuron:
    """A spiking node at step `dt_s`.

    Raises:
        InvalidGraph: parameters that can't be stepped; see `export.nir_neuron`.
    """
    node = ordered.node
    discrete_neuron(ordered.name, node, dt_s)
    if isinstance(node, nir.Threshold):
        threshold = doubles(node.threshold)
        return Neuron(lambda v, current: current, threshold, torch.zeros_like(threshold), moving)
    if rule == "subtract-multi" and (node.v_threshold <= 0).any():
        raise InvalidGraph(
            f"NIR node '{ordered.name}': v_threshold = {float(node.v_threshold.min()):g} must be "
            "above 0 where several spikes a step subtract it. Export it again."
        )
    step = _STEPS[type(node)](node, dt_s)
    before = synapse(node, dt_s) if isinstance(node, nir.CubaLIF) else None
    return Neuron(step, doubles(node.v_threshold), doubles(node.v_reset), moving, before, rule)


class Firing:
    """A population in the course of a run, from v = 0.

    Args:
        cell: the neurons.
        rest: zeros, [N, *shape].
        time_steps: T.

    After each `step`, `membrane` is v before the reset and `threshold` what it was compared with.
    """

    def __init__(self, cell: Neuron, rest: Tensor, time_steps: int) -> None:
        self._cell, self._v, self._current = cell, rest, rest
        self._course = ThresholdCourse(cell.threshold, cell.moving, rest, time_steps)
        self.membrane = self.threshold = rest
        self.moves = cell.moving is not None
        self._owed: Tensor | None = None

    def step(self, t: int, current: Tensor) -> Tensor:
        """Spikes of step t, [N, *shape], for the input [N, *shape].

        They are bool, or numbers where several can fall into one step.
        """
        if self._cell.synapse is not None:
            current = self._current = self._cell.synapse(self._current, current)
        self.membrane = self._cell.step(self._v, current)
        if self._owed is not None:
            self.membrane = self.membrane - self._owed
        self.threshold = self._course.at(t)
        rule = self._cell.rule
        fired = resetting.spikes(rule, self.membrane, self.threshold)
        self._course.observe(fired)
        self._v = resetting.after(rule, self.membrane, fired, self.threshold, self._cell.reset)
        self._owed = resetting.owed(rule, fired, self.threshold)
        return fired


def _lif(node: Any, dt_s: float) -> EulerStep:
    return leaky(dt_s / doubles(node.tau), doubles(node.v_leak), doubles(node.r))


def _cuba(node: Any, dt_s: float) -> EulerStep:
    return leaky(dt_s / doubles(node.tau_mem), doubles(node.v_leak), doubles(node.r))


def leaky(rate: Tensor, leak: Tensor, r: Tensor) -> EulerStep:
    """The step v <- v + rate ((leak - v) + r I), rate 1 at most."""
    rate = torch.clamp(rate, max=1.0)
    return lambda v, current: v + rate * ((leak - v) + r * current)


def integrating(r: Tensor, dt_s: float) -> EulerStep:
    """The step v <- v + dt r I."""
    return lambda v, current: v + dt_s * r * current


def _if(node: Any, dt_s: float) -> EulerStep:
    return integrating(doubles(node.r), dt_s)


_STEPS: dict[type, Callable[[Any, float], EulerStep]] = {
    nir.LIF: _lif,
    nir.IF: _if,
    nir.CubaLIF: _cuba,
}
