"""Random legal chip graphs by number: the same number always gives the same network.

Recipes take turns, so that any run of consecutive numbers holds each of them equally often.
"""

from collections import Counter
from dataclasses import dataclass
from functools import cache

import numpy as np

from export.chip.check_graph import check_graph
from export.chip.graph import ChipGraph, IntArray
from hwsim.engine.drive import ResetRule
from tests.random_networks import chain_recipes as chains
from tests.random_networks import graph_recipes as graphs
from tests.random_networks import overflow_recipes as overflow
from tests.random_networks.coverage import features_of
from tests.random_networks.edges import edges_of
from tests.random_networks.tuning import tuned
from tests.random_networks.walk import Course

RECIPES = (
    chains.odd_dense, chains.single_sign, chains.delays_per_synapse, chains.delays_per_output,
    chains.delays_per_layer,
    chains.convolutions, chains.image_classifier, chains.self_loop, chains.graded,
    chains.per_neuron,
    overflow.currents_wrap, overflow.currents_far_outside, overflow.currents_beyond_32_bits,
    overflow.convolution_sums_wrap, overflow.voltages_saturate, overflow.exactly_on_the_limits,
    overflow.exactly_on_the_threshold, overflow.biases_of_16_bits,
    graphs.spike_sums, graphs.current_sums, graphs.branches, graphs.delayed_convolutions,
    graphs.loop_over_two, graphs.maps_in_a_loop, graphs.pacemaker,
)  # fmt: skip

NETWORKS = 10 * len(RECIPES)
"""As many as the tests run."""

NEURONS_MAX = 2000
"""Lava takes a second or two for as many."""

TRIES = 60


@dataclass(frozen=True)
class RandomNetwork:
    """A network, its inputs and which paths of the arithmetic it takes according to `walk`.

    Args:
        number: of the network.
        recipe: how it was built.
        graph: the network.
        inputs: as the emulator takes them.
        reset: what keeps samples apart.
        steps: T, or chip steps of a single run.
        features: of FEATURES, those it has.
        edges: of EDGES, how many neuron-steps took them.
    """

    number: int
    recipe: str
    graph: ChipGraph
    inputs: IntArray
    reset: ResetRule
    steps: int
    features: frozenset[str]
    edges: dict[str, int]


@cache
def network(number: int) -> RandomNetwork:
    """The network of that number; whatever isn't lively or is too large is drawn again."""
    recipe = RECIPES[number % len(RECIPES)]
    for attempt in range(TRIES):
        sketch = recipe(np.random.default_rng((number, attempt)))
        if sum(population.neurons for population in sketch.populations) > NEURONS_MAX:
            continue
        made = tuned(sketch)
        if made is None:
            continue
        graph, courses = made
        edges: Counter[str] = Counter()
        for course in courses.values():
            edges.update(edges_of(course))
        if any(_unreadable(courses[readout.population]) for readout in graph.readouts):
            continue
        check_graph(graph)
        features = frozenset(features_of(graph, sketch.inputs, sketch.reset))
        return RandomNetwork(
            number, recipe.__name__, graph, sketch.inputs, sketch.reset, sketch.steps,
            features, edges,
        )  # fmt: skip
    raise AssertionError(f"network {number}: no lively {recipe.__name__} in {TRIES} tries")


def _unreadable(course: Course) -> bool:
    """Whether a readout's voltage is no logit."""
    edges = edges_of(course)
    broken = sum(edges[name] for name in edges if "wraps" in name or "saturates" in name)
    return bool(broken or course.s.any())
