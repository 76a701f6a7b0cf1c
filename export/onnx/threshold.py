"""The threshold of a spiking node at one step, as ONNX operators, where it moves.

    theta[t] = threshold_<node>[min(t, T - 1)] * (1 + beta a[t])
    a[t+1] = rho a[t] + (1 - rho) s[t]

What a step is given of a schedule is `threshold_<node>_now`: out of the Scan's scanned inputs in
model.onnx, by the input `step` in model.step.onnx. Tensors of an adaptation: state `a_<node>`, next
state `a_<node>_next`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.graph_order import OrderedNode
from export.moving_threshold import MovingThreshold
from export.nir_neuron import discrete_neuron
from export.onnx.fragment import Fragment

STEP = "step"
"""Input of the step graph: the step's number from 0, int64."""

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Schedule:
    """Thresholds of a node that has others at other steps.

    Args:
        threshold: that the factors are of, at unit gain, [*shape].
        factors: of each step.
    """

    threshold: FloatArray
    factors: tuple[float, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the thresholds of one step: () where all neurons have the same."""
        same = self.threshold.size > 0 and bool((self.threshold == self.threshold.flat[0]).all())
        return () if same else self.threshold.shape

    def table(self, time_steps: int) -> FloatArray:
        """Thresholds [time_steps, *shape]; the last ones repeat."""
        factors = MovingThreshold(self.factors, None).factors_over(time_steps)
        one = self.threshold if self.shape else self.threshold.flat[0]
        table: FloatArray = np.multiply.outer(factors, one)
        return table


def adaptation_name(node: str) -> str:
    """Name of what raises a neuron's threshold, entering a step."""
    return f"a_{node}"


def next_adaptation_name(node: str) -> str:
    """The same, leaving a step."""
    return f"a_{node}_next"


def current_name(node: str) -> str:
    """Name of a scheduled threshold at the step."""
    return f"threshold_{node}_now"


def emit_threshold(
    fragment: Fragment, name: str, threshold: FloatArray, moving: MovingThreshold | None
) -> str:
    """Appends what makes a node's threshold at this step, and returns its tensor."""
    if moving is None or moving.factors is None:
        tensor = fragment.uniform(f"threshold_{name}", threshold)
    else:
        tensor = current_name(name)
    if moving is None or moving.adaptation is None:
        return tensor
    beta = fragment.floats(f"beta_{name}", moving.adaptation.beta)
    one = fragment.floats("one", 1.0)
    rise = fragment.compute("Mul", [adaptation_name(name), beta], f"rise_{name}")
    raised = fragment.compute("Add", [rise, one], f"raised_{name}")
    return fragment.compute("Mul", [tensor, raised], f"theta_{name}")


def emit_adaptation(
    fragment: Fragment, name: str, spikes: str, moving: MovingThreshold | None
) -> None:
    """Appends what the step's spikes (float32) make of `a_<node>`."""
    if moving is None or moving.adaptation is None:
        return
    rho = moving.adaptation.rho
    kept = fragment.compute(
        "Mul", [adaptation_name(name), fragment.floats(f"rho_{name}", rho)], f"a_kept_{name}"
    )
    share = fragment.floats(f"gain_{name}", 1 - rho)
    added = fragment.compute("Mul", [spikes, share], f"a_added_{name}")
    fragment.compute("Add", [kept, added], next_adaptation_name(name))


def scanned_name(node: str) -> str:
    """Name of its thresholds at all steps, which a Scan takes in one by one."""
    return f"threshold_{node}_scanned"


def emit_schedules(
    fragment: Fragment,
    scheduled: Mapping[str, Schedule],
    numbers: str,
    named: Callable[[str], str] = current_name,
) -> None:
    """Appends the thresholds of every step whose number, from 0, tensor `numbers` holds.

    Steps beyond the last known one get its threshold. Every node's tensor, `named` by it, has the
    axes of `numbers`, followed by those of `Schedule.shape`.
    """
    known = max(len(schedule.factors) for schedule in scheduled.values())
    last = fragment.integers("last_step", known - 1)
    rows = fragment.compute("Min", [numbers, last], "schedule_row")
    for name, schedule in scheduled.items():
        table = fragment.floats(f"threshold_{name}", schedule.table(known))
        fragment.compute("Gather", [table, rows], named(name))


def schedules(
    nodes: tuple[OrderedNode, ...], dt_s: float, moving: Mapping[str, MovingThreshold]
) -> dict[str, Schedule]:
    """Of every node whose threshold changes from step to step, in computing order."""
    found: dict[str, Schedule] = {}
    for node in nodes:
        how = moving.get(node.name)
        if node.fires and how is not None and how.factors is not None:
            cell = discrete_neuron(node.name, node.node, dt_s)
            found[node.name] = Schedule(cell.threshold, how.factors)
    return found


def adaptive(
    nodes: tuple[OrderedNode, ...], moving: Mapping[str, MovingThreshold]
) -> dict[str, tuple[int, ...]]:
    """State and shape of every node whose threshold each neuron's own spikes raise."""
    return {
        adaptation_name(node.name): node.shape
        for node in nodes
        if node.name in moving and moving[node.name].adaptation is not None
    }
