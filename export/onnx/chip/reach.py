"""How far a population's current can go, which says what its operators must hold.

With A the largest synaptic sum and k = (4096 - decay_u) / 4096, a step makes |x| <= k U + 64 A of
|u| <= U, and one correction by 2^24 brings it back:

    64 A <= 2^24:   U = 2^23
    else:           U = (64 A - 2^24) / (1 - k), where x - 2^24 <= U again; no bound if k = 1
"""

from dataclasses import dataclass

from export.chip.graph import ChipGraph, Population
from export.chip.limits import BIAS_MANT_LAVA_MAX, DECAY_ONE, STATE_LIMIT, STATE_SHIFT

INT32_LIMIT = 1 << 31
_REST_OF_V = STATE_LIMIT + (BIAS_MANT_LAVA_MAX + 1 << STATE_SHIFT)


@dataclass(frozen=True)
class Reach:
    """What u can be.

    Args:
        largest: |u| after a step stays within it; None if nothing bounds it but 32 bits.
        wraps: whether a sum can leave 24 bits.
    """

    largest: int | None
    wraps: bool


def reach_of(population: Population, largest_sum: int | None) -> Reach:
    """Bounds u of a population.

    Args:
        population: with its decays.
        largest_sum: of |a| at one step; None where payloads have no bound.
    """
    if largest_sum is None:
        return Reach(None, wraps=True)
    decay = int(population.decay_u.min())
    current = largest_sum << STATE_SHIFT
    if current == 0 or current * DECAY_ONE < STATE_LIMIT * decay:
        return Reach(current * DECAY_ONE // max(1, decay), wraps=False)
    turn = 2 * STATE_LIMIT
    if current <= turn:
        settled = STATE_LIMIT
    elif decay > 0:
        settled = max(STATE_LIMIT, -((turn - current) * DECAY_ONE // decay))
    else:
        return Reach(None, wraps=True)
    fits = settled + current + _REST_OF_V < INT32_LIMIT
    return Reach(settled if fits else None, wraps=True)


def largest_sum(graph: ChipGraph, name: str) -> int | None:
    """The largest |a| that all projections together bring to a population; None with payloads."""
    total = 0
    for projection in graph.incoming(name):
        if carries_payloads(graph, projection.source):
            return None
        rows = abs(projection.weight.reshape(projection.weight.shape[0], -1))
        total += int(rows.sum(axis=1).max())
    return total


def carries_payloads(graph: ChipGraph, source: str) -> bool:
    """Whether what a source sends is more than 0 and 1."""
    return graph.input.form == "graded" and source == graph.input.name
