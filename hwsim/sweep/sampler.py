"""The next point of a search that can't afford them all: multi-objective TPE on what is known.

Tree-structured Parzen estimator: S. Watanabe, "Tree-Structured Parzen Estimator: Understanding its
algorithm components and their roles for better empirical performance", arXiv:2304.11127; several
objectives: Ozaki et al., "Multiobjective tree-structured Parzen estimator", JAIR 73 (2022).
"""

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from hwsim.sweep.row import Row
from hwsim.sweep.space import Point, Space

TRIES = 16
"""Suggestions that are known already, after which a point is drawn from the free ones."""

DIRECTIONS = (StudyDirection.MAXIMIZE, StudyDirection.MINIMIZE)
"""Of validation accuracy and energy."""

Distributions = dict[str, BaseDistribution]


def distributions(space: Space) -> Distributions:
    """What optuna may choose from; widths without gaps as numbers, which have an order."""
    bits = space.weight_bits
    without_gaps = bits == tuple(range(bits[0], bits[-1] + 1))
    return {
        "weight_bits": (
            IntDistribution(bits[0], bits[-1]) if without_gaps else CategoricalDistribution(bits)
        ),
        "threshold_strategy": CategoricalDistribution(space.threshold_strategies),
        "scale_search": CategoricalDistribution(space.scale_searches),
        "qat": CategoricalDistribution(space.qat),
    }


def suggested(
    taken: Sequence[Row | Point], free: Sequence[Point], chosen_from: Distributions, seed: int
) -> Point:
    """A free point.

    It depends on the arguments alone, so that an interrupted search goes on as it would have.

    Args:
        taken: rows that are known, and points that are being computed, in the space's order.
        free: the others, at least one.
        chosen_from: of `distributions`.
        seed: of the sampler.
    """
    draws = np.random.SeedSequence([seed, len(taken)]).generate_state(2)
    study = optuna.create_study(
        directions=list(DIRECTIONS), sampler=optuna.samplers.TPESampler(seed=int(draws[0]))
    )
    study.add_trials([_trial(each, chosen_from) for each in taken])
    for _ in range(TRIES):
        # What it suggests is running from then on, which keeps it from suggesting it again.
        point = Point(**study.ask(chosen_from).params)
        if point in free:
            return point
    return free[int(draws[1]) % len(free)]


def _trial(known: Row | Point, chosen_from: Distributions) -> FrozenTrial:
    point = known if isinstance(known, Point) else known.point
    values = None if isinstance(known, Point) else known.objectives
    without = TrialState.RUNNING if isinstance(known, Point) else TrialState.PRUNED
    return create_trial(
        state=without if values is None else TrialState.COMPLETE,
        values=values,
        params=asdict(point),
        distributions=chosen_from,
    )
