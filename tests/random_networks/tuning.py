"""Thresholds at which every population is alive, found population by population.

A population's rate falls as its threshold rises, so the mantissa is bisected, in the order in
which spikes pass the network; the populations of a loop are tuned against each other.
"""

import numpy as np

from export.chip.graph import ChipGraph, IntArray
from export.chip.limits import THRESHOLD_MANT_MAX
from tests.random_networks.sketch import Sketch
from tests.random_networks.walk import Course, Walk, begin, fired_alone, run_group

LIVELY = (0.02, 0.60)
"""Share of neuron-steps in which every population but the readouts fires."""

ROUNDS = 40
"""After so many adjustments of a loop the network is given up."""


def tuned(sketch: Sketch) -> tuple[ChipGraph, dict[str, Course]] | None:
    """The network with its thresholds and what it does, or None if it can't be made lively."""
    thresholds: dict[str, IntArray] = {}
    courses: dict[str, Course] = {}
    walk = begin(sketch.graph(thresholds), sketch.inputs, sketch.reset, sketch.steps)
    for group in walk.timing.groups:
        wanted = {n: sketch.rng.uniform(0.06, 0.4) for n in group if n not in sketch.readouts}
        made = _tune_group(sketch, walk, group, thresholds, wanted)
        if made is None:
            return None
        walk.sent |= {name: course.s for name, course in made.items()}
        courses |= made
    return walk.graph, courses


def _tune_group(
    sketch: Sketch,
    walk: Walk,
    group: tuple[str, ...],
    thresholds: dict[str, IntArray],
    wanted: dict[str, float],
) -> dict[str, Course] | None:
    outside, inside = walk.outside(group), walk.inside(group)
    made = run_group(walk, outside, {name: [] for name in group})
    mantissas = {name: _bisected(sketch, name, made[name], rate) for name, rate in wanted.items()}
    for _ in range(ROUNDS if any(inside.values()) else 1):
        thresholds |= {name: mantissa_of(sketch, name, m) for name, m in mantissas.items()}
        walk.graph = sketch.graph(thresholds)
        made = run_group(walk, outside, inside)
        if all(LIVELY[0] <= made[name].rate <= LIVELY[1] for name in wanted):
            return made
        for name, rate in wanted.items():
            mantissas[name] *= float(np.clip((made[name].rate + 1e-3) / rate, 0.5, 2.0)) ** 0.7
    return None


def mantissa_of(sketch: Sketch, name: str, mantissa: float) -> IntArray:
    """Every neuron's mantissa around the tuned one."""
    scaled = np.rint(sketch.profile[name] * mantissa)
    return np.clip(scaled, 0, THRESHOLD_MANT_MAX).astype(np.int64)


def _bisected(sketch: Sketch, name: str, course: Course, wanted: float) -> float:
    """The mantissa at which a population fed from outside its group fires about so often."""
    low, high, found = 0.5, 2.0 * THRESHOLD_MANT_MAX, 0.0
    while high / low > 1.01:
        found = float(np.sqrt(low * high))
        rate = fired_alone(course, 64 * mantissa_of(sketch, name, found).reshape(-1))
        if abs(rate - wanted) < 0.2 * wanted:
            break
        low, high = (found, high) if rate > wanted else (low, found)
    return found
