"""What every runtime is held to: the executor's run of one batch, its margins and bounds."""

from functools import cached_property
from typing import Any

import nir
import numpy as np

from export.executor import Run, logits, run_graph
from hwsim.verify.arithmetic import Arithmetic
from hwsim.verify.rounding import Bounds, ErrorBound
from hwsim.verify.runtime import FloatArray, Samples, Subject


class Judge:
    """Runs the executor batch by batch, and keeps one error bound per arithmetic."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.nodes: dict[str, Any] = {node.name: node.node for node in subject.nodes}
        self._bounds: dict[Arithmetic, ErrorBound] = {}

    def reference(self, inputs: Samples) -> "Reference":
        """The executor's run of a batch."""
        return Reference(self, inputs, run_graph(self.subject.graph, inputs, record=True))

    def bound(self, arithmetic: Arithmetic) -> ErrorBound:
        """The network's error bound under an arithmetic."""
        if arithmetic not in self._bounds:
            self._bounds[arithmetic] = ErrorBound(self.subject.graph, arithmetic)
        return self._bounds[arithmetic]


class Reference:
    """One batch as the executor ran it."""

    def __init__(self, judge: Judge, inputs: Samples, run: Run) -> None:
        self._judge, self._inputs, self.run = judge, inputs, run
        self._bounds: dict[Arithmetic, Bounds] = {}

    @cached_property
    def logits(self) -> FloatArray:
        """[N, classes]."""
        return logits(self.run.outputs, self._judge.subject.facts)

    @cached_property
    def membranes(self) -> dict[str, FloatArray]:
        """Membranes before the reset in units of the input's gain, [T, N, *shape]."""
        gains = self._judge.subject.gains
        return {name: v / gains[name] for name, v in self.run.membranes.items()}

    @cached_property
    def margins(self) -> dict[str, FloatArray]:
        """|v - threshold| of every decision in units of the input's gain, [T, N, *shape]."""
        gains = self._judge.subject.gains
        return {
            name: np.abs(v - self._thresholds(name)) / gains[name]
            for name, v in self.run.membranes.items()
        }

    def threshold(self, name: str, at: tuple[int, ...]) -> float:
        """What the membrane of one decision (t, n, *neuron) was compared with, gain 1."""
        thresholds = np.broadcast_to(self._thresholds(name), self.run.spikes[name].shape)
        gain = np.broadcast_to(self._judge.subject.gains[name], thresholds.shape[2:])
        return float(thresholds[at] / gain[at[2:]])

    @cached_property
    def closest_margin(self) -> float:
        """The closest any membrane came to its threshold; infinite without neurons."""
        return min((float(margin.min()) for margin in self.margins.values()), default=np.inf)

    def bounds(self, arithmetic: Arithmetic) -> Bounds:
        """How far a runtime of that arithmetic may stray on this batch."""
        if arithmetic not in self._bounds:
            bound = self._judge.bound(arithmetic)
            self._bounds[arithmetic] = bound.of(self._inputs, self.run)
        return self._bounds[arithmetic]

    def _thresholds(self, name: str) -> FloatArray:
        """In the file's own units, broadcastable to [T, N, *shape]."""
        if name in self.run.thresholds:
            return self.run.thresholds[name]
        node = self._judge.nodes[name]
        constant = node.threshold if isinstance(node, nir.Threshold) else node.v_threshold
        return np.asarray(constant, dtype=np.float64)
