"""How far rounding alone can carry a runtime away from the executor: a forward-error bound.

Let h be a runtime's unit roundoff (2^-24 in float32) and gamma_n = n h / (1 - n h), the classical
bound on n roundings in a row (Higham, Accuracy and Stability of Numerical Algorithms, 2002, lemma
3.1); it holds for any order of summation, with or without fused multiply-add, but not for Winograd
or FFT convolutions, which no runtime here uses. A hat marks what the runtime computes; values
without one are the executor's float64. The bound is carried along with the values, one
e >= |hat - value| per number:

    input       e = |x - hat x|, the rounding of the input itself (none in float64)
    y = Wx + b  e_y = |hat W| e_x + |W - hat W| |x| + |b - hat b|
                      + gamma_(n+3) (|hat W| (|x| + e_x) + |hat b|)
                n counts the terms whose input isn't exactly 0, since adding 0 is exact: n products
                and n additions; pooling divides and multiplies once more
    sum of k    e = sum e_i + gamma_(k-1) sum (|x_i| + e_i)
    membrane    u = d v + x + l, in units of the input's gain:
                e_u = d e_v + e_x + (2 p + gamma_8) ((2 - d) (|v| + e_v) + |x| + e_x + |l|)
                where p bounds the relative error of each stored parameter. A runtime that stores
                d commits p d |v|; one in Euler form stores the rate 1 - d and commits
                p (1 - d) |v| + p |x|; (2 - d) covers both, and Euler's sum, which takes v twice.
    reset       e_v = (2 p + gamma_4) |v_reset| where the neuron fired, else e_u
    spike       e = 0: compared are only decisions up to the first one that differs, and until then
                both follow the same spikes. Error never crosses a spike.

The runtime must decide as the executor did if |u - threshold| exceeds

    B = e_u + (2 p + gamma_4) |threshold|

(`hwsim.verify.threshold_error` has the bound of thresholds that move), so a decision that differs
although its float64 margin is larger than B isn't rounding. The executor's own roundings are
covered by adding 2^-53 to h and 2^-49 to p; numbers below 2^-126 may be flushed to zero, which adds
at most 2^-126 per operation; and B is widened by 2^-20 of itself for its own float64 evaluation.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import nir
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from export.executor.linear import doubles
from export.executor.readout import readout_weights
from export.executor.run import Run, summed
from export.executor.samples import time_major
from export.graph_order import OrderedNode, in_order
from export.moving_threshold import moving_threshold
from export.nir_metadata import read_facts
from export.nir_neuron import discrete_neuron
from hwsim.verify.arithmetic import DOUBLE, SINGLE, TINY, Arithmetic, gamma
from hwsim.verify.linear_error import LinearError, Signal
from hwsim.verify.threshold_error import ThresholdError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Bounds:
    """Bounds for one batch.

    Args:
        decisions: per spiking node B, [T, N, *shape], in units of the input's gain.
        logits: [N, classes].
    """

    decisions: dict[str, FloatArray]
    logits: FloatArray


class ErrorBound:
    """The bound for one network under one arithmetic."""

    def __init__(self, graph: nir.NIRGraph, arithmetic: Arithmetic) -> None:
        self._nodes, self._facts = in_order(graph), read_facts(graph)
        self._arithmetic = arithmetic
        self._roundoff = arithmetic.roundoff + DOUBLE
        self._parameters = 2 * (arithmetic.parameter_error + 2.0**-49)
        self._linear = {
            node.name: LinearError(node, arithmetic, self._roundoff)
            for node in self._nodes
            if not node.fires and not isinstance(node.node, nir.Input | nir.Output)
        }

    @torch.no_grad()
    def of(self, inputs: NDArray[Any], run: Run) -> Bounds:
        """Bounds along the executor's own trajectory.

        Args:
            inputs: the samples that were run.
            run: what the executor did with them, membranes included.
        """
        signals = {self._nodes[0].name: self._entry(inputs)}
        decisions: dict[str, FloatArray] = {}
        for node in self._nodes[1:]:
            given = self._summed([signals[source] for source in node.sources])
            if node.fires:
                decisions[node.name] = self._decisions(node, given, run).numpy()
                fired = torch.from_numpy(run.spikes[node.name]).double()
                signals[node.name] = Signal(fired, torch.zeros_like(fired))
            elif node.name in self._linear:
                signals[node.name] = self._linear[node.name].through(given)
            else:
                signals[node.name] = given
        return Bounds(decisions, self._logits(signals[self._nodes[-1].name]).numpy())

    def _entry(self, inputs: NDArray[Any]) -> Signal:
        exact = torch.from_numpy(time_major(inputs, self._facts).copy())
        single = self._arithmetic.roundoff == SINGLE
        held = exact.float().double() if single else exact
        return Signal(exact, (held - exact).abs())

    def _summed(self, signals: list[Signal]) -> Signal:
        error = summed([signal.error for signal in signals])
        size = summed([signal.magnitude for signal in signals])
        rounded = gamma(len(signals) - 1, self._roundoff)
        return Signal(summed([signal.value for signal in signals]), error + rounded * size)

    def _decisions(self, node: OrderedNode, given: Signal, run: Run) -> Tensor:
        cell = discrete_neuron(node.name, node.node, self._facts.dt_s)
        decay, leak = doubles(cell.decay), doubles(np.abs(cell.leak))
        reset = doubles(cell.reset)
        update = self._parameters + gamma(8, self._roundoff)
        stored = self._parameters + gamma(4, self._roundoff)
        bounds = torch.empty(run.spikes[node.name].shape, dtype=torch.float64)
        v, e_v = torch.zeros_like(bounds[0]), torch.zeros_like(bounds[0])
        threshold = ThresholdError(
            doubles(np.abs(cell.threshold)),
            moving_threshold(self._facts, node.name),
            stored,
            v,
            len(bounds),
        )
        for t, (size, e_x) in enumerate(_frames(given, len(bounds))):
            state = (2 - decay) * (v.abs() + e_v)
            e_u = decay * e_v + e_x + update * (state + size + leak) + 8 * TINY
            bounds[t] = (e_u + threshold.at(t)) * (1 + 2.0**-20)
            fired = torch.from_numpy(run.spikes[node.name][t])
            threshold.observe(fired)
            u = torch.from_numpy(run.membranes[node.name][t] / cell.gain)
            v = torch.where(fired, reset, u)
            e_v = torch.where(fired, stored * reset.abs(), e_u)
        return bounds

    def _logits(self, outputs: Signal) -> Tensor:
        steps = self._facts.time_steps
        weights = readout_weights(self._facts, steps)
        total = torch.zeros_like(outputs.value[0])
        rounded = gamma(steps + 3, self._roundoff)
        for weight, (size, error) in zip(weights, _frames(outputs, steps), strict=True):
            total += abs(weight) * (error + rounded * size)
        return total / steps * (1 + 2.0**-20) + steps * TINY


def _frames(signal: Signal, time_steps: int) -> Iterator[tuple[Tensor, Tensor]]:
    """(|x| + e, e) of every step."""
    rest = signal.value.shape[1:]
    sizes = signal.magnitude.expand(time_steps, *rest)
    yield from zip(sizes, signal.error.expand(time_steps, *rest), strict=True)
