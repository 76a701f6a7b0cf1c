"""Which paths of the arithmetic a run took: wraps, saturations, values exactly on a limit."""

import numpy as np

from export.chip.graph import IntArray
from tests.random_networks.links import LIMIT
from tests.random_networks.walk import Course, int32, raw_current, raw_voltage

EDGES = (
    "u wraps up", "u wraps down", "u stays far outside 24 bits", "u wraps at 32 bits",
    "u exactly +2^23", "u exactly -2^23", "convolution sum wraps at 24 bits",
    "v saturates up", "v saturates down", "v exactly +2^23", "v exactly -2^23",
    "v exactly on the threshold", "bias beyond 13 bits",
)  # fmt: skip
"""Each is counted in neuron-steps."""


def edges_of(course: Course) -> dict[str, int]:
    """How often a population's neurons took each path."""
    u = raw_current(course.neurons, _before(course.u), course.a)
    held = int32(u)
    v = raw_voltage(course.neurons, _before(course.v), course.u, course.neurons.bias)
    bias = np.broadcast_to(course.neurons.bias, course.v.shape)
    events = {
        "u wraps up": held > LIMIT,
        "u wraps down": held <= -LIMIT,
        "u stays far outside 24 bits": np.abs(course.u) > LIMIT,
        "u wraps at 32 bits": u != held,
        "u exactly +2^23": held == LIMIT,
        "u exactly -2^23": held == -LIMIT,
        "v saturates up": v >= LIMIT,
        "v saturates down": v <= -LIMIT,
        "v exactly +2^23": v == LIMIT,
        "v exactly -2^23": v == -LIMIT,
        "v exactly on the threshold": course.v == course.neurons.threshold,
        "bias beyond 13 bits": np.abs(bias) >= 64 * (1 << 12),
    }
    counts = {name: int(np.count_nonzero(where)) for name, where in events.items()}
    return counts | {"convolution sum wraps at 24 bits": course.conv_wraps}


def _before(states: IntArray) -> IntArray:
    """What each step started from: rest, then the step before."""
    return np.concatenate((np.zeros_like(states[:, :1]), states[:, :-1]), axis=1)
