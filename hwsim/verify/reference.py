"""What every runtime is held to: the executor's run of one batch, its margins and bounds."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from export.executor import Run, logits, run_graph
from export.nir_neuron import discrete_neuron
from hwsim.verify.arithmetic import Arithmetic
from hwsim.verify.rounding import Bounds, ErrorBound
from hwsim.verify.runtime import FloatArray, Samples, Subject


class Judge:
    """Runs the executor batch by batch, and keeps one error bound per arithmetic."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.gains = {
            node.name: discrete_neuron(node.name, node.node, subject.facts.dt_s).gain
            for node in subject.nodes
            if node.fires
        }
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
    def margins(self) -> dict[str, FloatArray]:
        """|v - threshold| of every decision in units of the input's gain, [T, N, *shape]."""
        nodes = self._judge.subject.graph.nodes
        margins: dict[str, NDArray[np.float64]] = {}
        for name, membranes in self.run.membranes.items():
            threshold = self.run.thresholds.get(name, nodes[name].v_threshold)
            distance = np.abs(membranes - threshold)
            margins[name] = distance / self._judge.gains[name]
        return margins

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
