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
    synapse     i = a i + x, in front of the membrane, which then takes i for x:
                e_i' = a e_i + e_x + (4 p + gamma_12) ((2 - a) (|i| + e_i) + |x| + e_x)
                with 4 p for the two more parameters, w_in and tau_syn, that the gain is made of
    reset       e_v = (2 p + gamma_4) |v_reset| where the neuron fired, else e_u
    spike       e = 0: compared are only decisions up to the first one that differs, and until then
                both follow the same spikes. Error never crosses a spike, so every loop is cut where
                its neurons fire, and what returns is the signal of the step before.

The runtime must decide as the executor did if |u - threshold| exceeds

    B = e_u + (2 p + gamma_4) |threshold|

(`hwsim.verify.threshold_error` has the bound of thresholds that move), so a decision that differs
although its float64 margin is larger than B isn't rounding. The executor's own roundings are
covered by adding 2^-53 to h and 2^-49 to p; numbers below 2^-126 may be flushed to zero, which adds
at most 2^-126 per operation; and B is widened by 2^-20 of itself for its own float64 evaluation.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import nir
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from export.executor.linear import doubles
from export.executor.readout import readout_weights
from export.executor.recorded import Run
from export.executor.run import summed
from export.executor.samples import time_major
from export.graph_order import OrderedNode, in_order
from export.moving_threshold import moving_threshold
from export.nir_metadata import read_facts
from export.nir_neuron import discrete_neuron
from hwsim.verify.arithmetic import DOUBLE, SINGLE, TINY, Arithmetic, gamma
from hwsim.verify.linear_error import LinearError, Signal
from hwsim.verify.silent_order import silent_order
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
    """The bound for one network under one arithmetic.

    Raises:
        VerificationError: a node whose error isn't bounded here, or a loop in which nothing fires.
    """

    def __init__(self, graph: nir.NIRGraph, arithmetic: Arithmetic) -> None:
        self._nodes = in_order(graph, unfolded=True, loops=True)
        self._facts = read_facts(graph)
        self._arithmetic = arithmetic
        self._roundoff = arithmetic.roundoff + DOUBLE
        self._parameters = 2 * (arithmetic.parameter_error + 2.0**-49)
        self._silent = silent_order(self._nodes)
        self._linear = {
            node.name: LinearError(node, arithmetic, self._roundoff)
            for node in self._silent
            if not isinstance(node.node, nir.Input | nir.Output)
        }

    @torch.no_grad()
    def of(self, inputs: NDArray[Any], run: Run) -> Bounds:
        """Bounds along the executor's own trajectory.

        Args:
            inputs: the samples that were run.
            run: what the executor did with them, membranes included.
        """
        signals = {name: _exact(spikes) for name, spikes in run.spikes.items()}
        signals[self._nodes[0].name] = self._entry(inputs)
        for node in self._silent[1:]:
            given = self._given(node, signals)
            linear = self._linear.get(node.name)
            signals[node.name] = given if linear is None else linear.through(given)
        decisions = {
            node.name: self._decisions(node, self._given(node, signals), run).numpy()
            for node in self._nodes
            if node.fires
        }
        return Bounds(decisions, self._logits(signals[self._nodes[-1].name]).numpy())

    def _entry(self, inputs: NDArray[Any]) -> Signal:
        exact = torch.from_numpy(time_major(inputs, self._facts).copy())
        single = self._arithmetic.roundoff == SINGLE
        held = exact.float().double() if single else exact
        return Signal(exact, (held - exact).abs())

    def _given(self, node: OrderedNode, signals: Mapping[str, Signal]) -> Signal:
        """Sum of what this step's sources bring and the step before's."""
        steps = self._facts.time_steps
        returning = [_one_step_later(signals[source], steps) for source in node.delayed]
        arriving = [*(signals[source] for source in node.sources), *returning]
        error = summed([signal.error for signal in arriving])
        size = summed([signal.magnitude for signal in arriving])
        rounded = gamma(len(arriving) - 1, self._roundoff)
        return Signal(summed([signal.value for signal in arriving]), error + rounded * size)

    def _decisions(self, node: OrderedNode, given: Signal, run: Run) -> Tensor:
        cell = discrete_neuron(node.name, node.node, self._facts.dt_s)
        if cell.has_synapse:
            given = self._through_synapse(doubles(cell.synapse_decay), given)
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

    def _through_synapse(self, decay: Tensor, given: Signal) -> Signal:
        """What the membrane takes in, at unit gain."""
        steps = self._facts.time_steps
        update = 2 * self._parameters + gamma(12, self._roundoff)
        frames = [part.expand(steps, *part.shape[1:]) for part in (given.value, given.error)]
        value, error = (torch.empty(part.shape, dtype=torch.float64) for part in frames)
        i = e_i = torch.zeros_like(value[0])
        for t, (x, e_x) in enumerate(zip(*frames, strict=True)):
            size = (2 - decay) * (i.abs() + e_i) + x.abs() + e_x
            e_i = decay * e_i + e_x + update * size + 8 * TINY
            i = decay * i + x
            value[t], error[t] = i, e_i
        return Signal(value, error)

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


def _exact(spikes: NDArray[np.bool_]) -> Signal:
    fired = torch.from_numpy(spikes).double()
    return Signal(fired, torch.zeros_like(fired))


def _one_step_later(signal: Signal, time_steps: int) -> Signal:
    """Nothing at the first step, then what the step before brought."""
    value, error = (
        torch.cat([torch.zeros_like(part[:1]), part.expand(time_steps, *part.shape[1:])[:-1]])
        for part in (signal.value, signal.error)
    )
    return Signal(value, error)
