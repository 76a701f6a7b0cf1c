"""Every kind of node in the course of a run: what it makes of the input of each step."""

from collections.abc import Callable
from typing import Any, Protocol

import nir
import numpy as np
import torch
from torch import Tensor

from export.errors import InvalidGraph
from export.executor.linear import doubles
from export.executor.neuron import EulerStep, integrating, leaky
from export.executor.synapse import Synapse, synapse
from export.graph_order import OrderedNode
from export.nir_metadata import MAX_TIME_STEPS
from export.nir_neuron import euler_rate


class Course(Protocol):
    """A node in the course of a run."""

    def step(self, t: int, given: Tensor) -> Tensor:
        """Its output of step t, [N, *shape], for the input [N, *given]."""


Start = Callable[[Tensor, int], Course]
"""Begins a run of T steps, from zeros [N, *shape]."""


class Integrating:
    """I, LI and CubaLI: a membrane that never fires, whose v is the output."""

    def __init__(self, step: EulerStep, before: Synapse | None, rest: Tensor) -> None:
        self._step, self._synapse = step, before
        self._v = self._current = rest

    def step(self, t: int, given: Tensor) -> Tensor:
        """V after the step."""
        del t
        if self._synapse is not None:
            given = self._current = self._synapse(self._current, given)
        self._v = self._step(self._v, given)
        return self._v


class Delaying:
    """Delay: y[t] = x[t - d], d in whole steps per neuron, 0 before the first input."""

    def __init__(self, steps: Tensor, rest: Tensor) -> None:
        self._slots = int(steps.max()) + 1 if steps.numel() else 1
        self._steps = steps
        self._held = rest.expand(self._slots, *rest.shape).clone()

    def step(self, t: int, given: Tensor) -> Tensor:
        """Each neuron's input of d steps ago."""
        self._held[t % self._slots] = given
        slot = torch.remainder(t - self._steps, self._slots).expand(given.shape)
        return self._held.gather(0, slot[None])[0]


def stateful(ordered: OrderedNode, dt_s: float) -> Start:
    """How a node with a state but without spikes begins a run at step `dt_s`.

    Raises:
        InvalidGraph: a time constant shorter than dt, or a delay that isn't whole steps.
    """
    return _STARTS[type(ordered.node)](ordered.name, ordered.node, dt_s)


def _integrator(name: str, node: Any, dt_s: float) -> Start:
    del name
    step = integrating(doubles(node.r), dt_s)
    return lambda rest, _: Integrating(step, None, rest)


def _leaky_integrator(name: str, node: Any, dt_s: float) -> Start:
    rate = torch.from_numpy(euler_rate(name, "tau", np.asarray(node.tau, dtype=float), dt_s))
    step = leaky(rate, doubles(node.v_leak), doubles(node.r))
    return lambda rest, _: Integrating(step, None, rest)


def _current_based(name: str, node: Any, dt_s: float) -> Start:
    euler_rate(name, "tau_syn", np.asarray(node.tau_syn, dtype=float), dt_s)
    rate = torch.from_numpy(
        euler_rate(name, "tau_mem", np.asarray(node.tau_mem, dtype=float), dt_s)
    )
    step = leaky(rate, doubles(node.v_leak), doubles(node.r))
    before = synapse(node, dt_s)
    return lambda rest, _: Integrating(step, before, rest)


def _delay(name: str, node: Any, dt_s: float) -> Start:
    exact = np.asarray(node.delay, dtype=np.float64) / dt_s
    steps = np.rint(exact)
    if (steps < 0).any() or (np.abs(exact - steps) > 1e-3).any():
        raise InvalidGraph(
            f"NIR node '{name}': delays of {exact.min():g} to {exact.max():g} steps of "
            f"{dt_s:g} s must be whole numbers from 0. Check the file's dt."
        )
    whole = torch.from_numpy(np.minimum(steps, MAX_TIME_STEPS).astype(np.int64))
    return lambda rest, time_steps: Delaying(whole.clamp(max=time_steps), rest)


_STARTS: dict[type, Callable[[str, Any, float], Start]] = {
    nir.I: _integrator,
    nir.LI: _leaky_integrator,
    nir.CubaLI: _current_based,
    nir.Delay: _delay,
}
