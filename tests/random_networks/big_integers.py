"""The chip's rules in Python's unbounded integers and fractions, one neuron at a time.

Written from the rules alone: no shifts, no masks, nothing that could wrap by itself.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import trunc

LIMIT = 2**23


def decayed(value: int, decay: int) -> int:
    """What a step leaves of u or v: the fraction dropped, toward zero."""
    return trunc(value * Fraction(4096 - decay, 4096))


def held_in(bits: int, value: int) -> int:
    """What two's complement keeps of a value."""
    patterns: int = 2**bits
    rest = value % patterns
    return rest - patterns if 2 * rest >= patterns else rest


def next_u(u: int, decay: int, a: int) -> int:
    """Added in 32 bits, then corrected once; +2^23 stays, -2^23 doesn't."""
    total = held_in(32, decayed(u, decay) + 64 * a)
    if total > LIMIT:
        return total - 2 * LIMIT
    return total + 2 * LIMIT if total <= -LIMIT else total


def next_v(v: int, decay: int, u: int, bias: int) -> int:
    """Saturated at one less than 2^23 either way."""
    total = held_in(32, decayed(v, decay) + u + 64 * bias)
    return max(1 - LIMIT, min(LIMIT - 1, total))


@dataclass(frozen=True)
class Fields:
    """Of one neuron, as mantissas."""

    decay_u: int
    decay_v: int
    threshold: int
    bias: int


def course(fields: Fields, sums: list[int]) -> list[tuple[int, int, int]]:
    """(u, v, s) after each step, for the synaptic sums of those steps."""
    u = v = 0
    states = []
    for a in sums:
        u = next_u(u, fields.decay_u, a)
        v = next_v(v, fields.decay_v, u, fields.bias)
        fired = v > 64 * fields.threshold
        v = 0 if fired else v
        states.append((u, v, int(fired)))
    return states
