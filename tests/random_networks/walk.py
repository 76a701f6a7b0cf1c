"""The chip's integers once more, in NumPy: whole populations of several samples, step by step.

A second opinion beside the slow oracle (tests/chip_oracle.py): fast enough to tune thresholds, and
free of anything of the emulator's. One neuron, one step, all in 64-bit integers:

    u = wrap(rtz(u * (4096 - decay_u)) + 64 a),   v = clip(rtz(v * (4096 - decay_v)) + u + 64 bias)
    s = v > 64 threshold,                         v = 0 where s
"""

from dataclasses import dataclass, replace

import numpy as np

from export.chip.graph import ChipGraph, ConvProjection, IntArray, Population, Projection
from export.chip.timing import Timing, timing_of
from hwsim.engine.drive import ResetRule
from tests.random_networks.links import LIMIT, Link, matrix_of


@dataclass(frozen=True)
class Neurons:
    """Parameters of a population as the step wants them; each (neurons,) or one value.

    Args:
        keep_u: 4096 - decay_u.
        keep_v: 4096 - decay_v.
        threshold: in state units.
        bias: in state units, broadcastable to [N, S, neurons].
    """

    keep_u: IntArray
    keep_v: IntArray
    threshold: IntArray
    bias: IntArray


@dataclass(frozen=True)
class Course:
    """What a population did: synaptic sums a and states, int64 [N, S, neurons]."""

    neurons: Neurons
    a: IntArray
    u: IntArray
    v: IntArray
    s: IntArray
    conv_wraps: int

    @property
    def rate(self) -> float:
        """Share of neuron-steps with a spike."""
        return float(self.s.mean())


@dataclass
class Walk:
    """A run under way: what every finished population and the input sent, [N, S, neurons]."""

    graph: ChipGraph
    inputs: IntArray
    steps: int
    timing: Timing
    reset: ResetRule
    sent: dict[str, IntArray]

    @property
    def samples(self) -> int:
        """How many samples run side by side."""
        return len(self.inputs)

    def neurons(self, population: Population) -> Neurons:
        """Parameters in state units; the host's biases where it drives this population."""
        fields = (population.decay_u, population.decay_v, population.threshold)
        decay_u, decay_v, threshold = (
            np.broadcast_to(field, population.shape).reshape(-1) for field in fields
        )
        bias = np.broadcast_to(population.bias, population.shape).reshape(1, 1, -1)
        if self.graph.input.form == "bias" and self.graph.input.name == population.name:
            bias = self.inputs.reshape(self.samples, -1, population.neurons)
        return Neurons(4096 - decay_u, 4096 - decay_v, threshold * 64, bias * 64)

    def link(self, projection: Projection) -> Link:
        """Its matrices, one for each lag."""
        matrix, delay = matrix_of(self.graph, projection)
        parts = [
            (self._lag(projection, int(d)), np.where(delay == d, matrix, 0).T.astype(np.float64))
            for d in np.unique(delay)
        ]
        return Link(projection.source, tuple(parts), isinstance(projection, ConvProjection))

    def outside(self, group: tuple[str, ...]) -> dict[str, tuple[IntArray, int]]:
        """Per population of a group, its synaptic sums from outside the group, and their wraps."""
        found = {}
        for name in group:
            shape = (self.samples, self.steps, self.graph.population(name).neurons)
            total, wraps = np.zeros(shape, dtype=np.int64), 0
            for projection in self.graph.incoming(name):
                if projection.source not in group:
                    sums, wrapped = self.link(projection).sums(self.sent[projection.source])
                    total, wraps = total + sums, wraps + wrapped
            found[name] = (total, wraps)
        return found

    def inside(self, group: tuple[str, ...]) -> dict[str, list[Link]]:
        """Per population of a group, its projections from within the group."""
        return {
            name: [self.link(p) for p in self.graph.incoming(name) if p.source in group]
            for name in group
        }

    def _lag(self, projection: Projection, delay: int) -> int:
        return 1 + delay if self.reset == "none" else self.timing.lag(projection, delay)


def begin(graph: ChipGraph, inputs: IntArray, reset: ResetRule, steps: int) -> Walk:
    """A run with nothing computed yet."""
    walk = Walk(graph, inputs, steps, timing_of(graph), reset, {})
    if graph.input.form != "bias":
        events = np.zeros((len(inputs), steps, int(np.prod(graph.input.shape))), dtype=np.int64)
        events[:, : inputs.shape[1]] = inputs.reshape(*inputs.shape[:2], -1)
        walk.sent[graph.input.name] = events
    return walk


def run(graph: ChipGraph, inputs: IntArray, reset: ResetRule, steps: int) -> dict[str, Course]:
    """Every population's course; arguments as the emulator takes them."""
    walk = begin(graph, inputs, reset, steps)
    courses: dict[str, Course] = {}
    for group in walk.timing.groups:
        made = run_group(walk, walk.outside(group), walk.inside(group))
        walk.sent |= {name: course.s for name, course in made.items()}
        courses |= made
    return courses


def run_group(
    walk: Walk, outside: dict[str, tuple[IntArray, int]], inside: dict[str, list[Link]]
) -> dict[str, Course]:
    """The populations of one group, computed together step by step."""
    neurons = {name: walk.neurons(walk.graph.population(name)) for name in outside}
    a = {name: sums.copy() for name, (sums, _) in outside.items()}
    wraps = {name: count for name, (_, count) in outside.items()}
    u, v, s = ({name: np.zeros_like(a[name]) for name in a} for _ in range(3))
    for t in range(walk.steps):
        for name, own in neurons.items():
            for link in inside[name]:
                sums, wrapped = link.sums_at(s[link.source], t)
                a[name][:, t] += sums
                wraps[name] += wrapped
            before_u, before_v = (x[name][:, t - 1] if t else 0 * x[name][:, 0] for x in (u, v))
            u[name][:, t] = wrapped_current(raw_current(own, before_u, a[name][:, t]))
            bias = own.bias[:, t if own.bias.shape[1] > 1 else 0]
            voltage = clipped_voltage(raw_voltage(own, before_v, u[name][:, t], bias))
            s[name][:, t] = voltage > own.threshold
            v[name][:, t] = np.where(s[name][:, t], 0, voltage)
    return {
        name: Course(own, a[name], u[name], v[name], s[name], wraps[name])
        for name, own in neurons.items()
    }


def fired_alone(course: Course, threshold: IntArray) -> float:
    """Rate of a population that nothing of its own group feeds, with another threshold."""
    own = replace(course.neurons, threshold=threshold)
    v, fired = np.zeros_like(course.u[:, 0]), 0
    for t in range(course.u.shape[1]):
        bias = own.bias[:, t if own.bias.shape[1] > 1 else 0]
        v = clipped_voltage(raw_voltage(own, v, course.u[:, t], bias))
        spikes = v > own.threshold
        fired += int(np.count_nonzero(spikes))
        v = np.where(spikes, 0, v)
    return fired / course.u.size


def raw_current(neurons: Neurons, before: IntArray, a: IntArray) -> IntArray:
    """The next u before any correction."""
    return toward_zero(before * neurons.keep_u) + 64 * a


def wrapped_current(raw: IntArray) -> IntArray:
    """In 32 bits as Lava adds, then corrected once."""
    held = int32(raw)
    down = np.where(held > LIMIT, held - 2 * LIMIT, held)
    return np.where(held <= -LIMIT, held + 2 * LIMIT, down)


def raw_voltage(neurons: Neurons, before: IntArray, u: IntArray, bias: IntArray) -> IntArray:
    """The next v before it saturates."""
    return toward_zero(before * neurons.keep_v) + u + bias


def clipped_voltage(raw: IntArray) -> IntArray:
    """Within +-(2^23 - 1)."""
    return np.clip(int32(raw), -LIMIT + 1, LIMIT - 1)


def toward_zero(product: IntArray) -> IntArray:
    """product / 4096 without its fraction."""
    size: IntArray = np.abs(product) >> 12
    return np.sign(product) * size


def int32(values: IntArray) -> IntArray:
    """What is left of integers in 32 bits."""
    return (values + 2**31) % 2**32 - 2**31
