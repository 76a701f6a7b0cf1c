"""A threshold that changes with time, read from the facts in one way by all who run it.

    theta[t] = v_threshold * factor[t] * (1 + beta a[t]) ;   factor[t] = per_step[t] / value
    a[0] = 0 ;   a[t+1] = rho a[t] + (1 - rho) s[t]

Beyond the trained steps the last factor repeats. Without adaptation a stays away; with it every
neuron has its own.
"""

from dataclasses import dataclass

import nir
import numpy as np
from numpy.typing import NDArray

from export.errors import InvalidGraph
from export.nir_metadata import METADATA_KEY, AdaptationFacts, FrozenFacts, read_facts

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class MovingThreshold:
    """How a layer's threshold moves.

    Args:
        factors: of each step, on v_threshold; None where all steps have the same.
        adaptation: how each neuron's own spikes raise it; None if they don't.
    """

    factors: tuple[float, ...] | None
    adaptation: AdaptationFacts | None

    def factors_over(self, time_steps: int) -> FloatArray:
        """Factors [T] of so many steps; the last one repeats."""
        known = (1.0,) if self.factors is None else self.factors
        steps = np.minimum(np.arange(time_steps), len(known) - 1)
        factors: FloatArray = np.array(known, dtype=np.float64)[steps]
        return factors


def moving_threshold(facts: FrozenFacts, node: str) -> MovingThreshold | None:
    """How a node's threshold moves; None where it is a constant.

    Raises:
        InvalidGraph: the facts name a threshold that isn't positive, or none at all.
    """
    found = facts.thresholds.get(node)
    if found is None or found.is_constant:
        return None
    numbers = (found.value, *found.per_step)
    if not found.per_step or min(numbers) <= 0:
        raise InvalidGraph(
            f"NIR node '{node}': its facts say {len(found.per_step)} thresholds of a moving one, "
            f"the lowest {min(numbers):g}; there must be one at least, all positive. Export the "
            "network again."
        )
    varies = len(set(found.per_step)) > 1
    factors = tuple(step / found.value for step in found.per_step) if varies else None
    return MovingThreshold(factors, found.adaptation)


def moving_thresholds(facts: FrozenFacts) -> dict[str, MovingThreshold]:
    """Every node whose threshold moves.

    Raises:
        InvalidGraph: as of `moving_threshold`.
    """
    found = {node: moving_threshold(facts, node) for node in facts.thresholds}
    return {node: moving for node, moving in found.items() if moving is not None}


def moving_nodes(graph: nir.NIRGraph) -> dict[str, MovingThreshold]:
    """The same of a graph; none in one that another tool wrote.

    Raises:
        InvalidGraph: its facts are damaged.
    """
    ours = isinstance(graph.metadata, dict) and METADATA_KEY in graph.metadata
    return moving_thresholds(read_facts(graph)) if ours else {}


def how_it_moves(facts: FrozenFacts, node: str, moving: MovingThreshold) -> str:
    """A node, whose it is and what its threshold does, for messages of who can't hold it."""
    named = f"layer '{facts.modules[node]}', " if node in facts.modules else ""
    method = f", method {' + '.join(facts.method)}" if facts.method else ""
    strategy = facts.thresholds[node].strategy
    what = "follows each neuron's own spikes" if moving.adaptation else "changes from step to step"
    return f"node '{node}' ({named}threshold strategy {strategy}{method}): its threshold {what}"
