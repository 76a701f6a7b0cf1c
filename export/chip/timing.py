"""When spikes arrive: order of computation, lag behind the input, feedback, idle paths.

Every projection takes one chip step, and a delay d takes d more. A population's depth is the
longest way to it from the input, so that its window on a sample opens `depth` steps after the
input's. In the time of these windows (layer-synchronous time, as a network is trained) a spike of
step t of its source arrives at step t + lag of its target:

    lag = 1 + delay + depth(source) - depth(target)

On a forward projection that must be 0: a shorter way than the longest one would bring spikes into
the window of the sample before, and has to be delayed (`export.chip.balancing`). Feedback, a
projection back to an earlier population of its loop or to itself, has a lag of 1 or more.
"""

from dataclasses import dataclass

import numpy as np

from export.chip.check_graph import label
from export.chip.graph import ChipGraph, DenseProjection, IntArray, Projection


@dataclass(frozen=True)
class Timing:
    """A graph's order of computation.

    Args:
        groups: populations that must be computed together, each group after all that feeds it:
            one population alone, or the populations of a loop in the graph's order.
        path: per population, the longest way from the input (or from a population that nothing
            feeds) to it, feedback left out, ends included.
        depth: per population and external input, chip steps along that way, delays included.
        feedback: indices, in the graph's `projections`, of those that close a loop.
    """

    groups: tuple[tuple[str, ...], ...]
    path: dict[str, tuple[str, ...]]
    depth: dict[str, int]
    feedback: frozenset[int]

    @property
    def order(self) -> tuple[str, ...]:
        """Populations, each after everything that feeds it (feedback excepted)."""
        return tuple(name for group in self.groups for name in group)

    @property
    def last_depth(self) -> int:
        """Chip steps by which the deepest population lags behind the input."""
        return max(self.depth.values())

    def lag(self, projection: Projection, delay: int) -> int:
        """Steps in windows' time that a synapse with this delay takes."""
        return 1 + delay + self.depth[projection.source] - self.depth[projection.target]


def timing_of(graph: ChipGraph) -> Timing:
    """Orders the populations; any directed graph has an order."""
    position = {population.name: k for k, population in enumerate(graph.populations)}
    group_of = _strongly_connected(graph, position)
    feedback = frozenset(
        k
        for k, projection in enumerate(graph.projections)
        if _closes_loop(projection, position, group_of)
    )
    groups: list[tuple[str, ...]] = []
    path: dict[str, tuple[str, ...]] = {}
    depth: dict[str, int] = {}
    if graph.input.form != "bias":
        path[graph.input.name], depth[graph.input.name] = (graph.input.name,), 0
    for group in _in_order(graph, group_of):
        for name in group:
            path[name], depth[name] = _longest_way(graph, name, feedback, path, depth)
        groups.append(group)
    return Timing(tuple(groups), path, depth, feedback)


def delays_of(projection: Projection) -> IntArray:
    """The different delays of a projection's synapses, rising; [0] without delays."""
    if not isinstance(projection, DenseProjection):
        return np.array([projection.delay])
    return np.array([0]) if projection.delay is None else np.unique(projection.delay)


def misalignment(graph: ChipGraph, timing: Timing) -> str | None:
    """Why samples would mix although each population is reset when its window opens, or None."""
    for k, projection in enumerate(graph.projections):
        lags = [timing.lag(projection, int(delay)) for delay in delays_of(projection)]
        if k in timing.feedback:
            if min(lags) < 1:
                return (
                    f"{label(projection)} closes a loop, but arrives {1 - min(lags)} steps before "
                    "its window. Name the populations in the order in which spikes pass them"
                )
            continue
        if len(set(lags)) > 1:
            return (
                f"{label(projection)}: delays of {int(delays_of(projection)[0])} to "
                f"{int(delays_of(projection)[-1])} steps carry spikes from one sample's window "
                "into the next. Give all its synapses one delay"
            )
        if lags[0] != 0:
            name = projection.target
            return (
                f"population '{name}': spikes arrive {-lags[0]} steps apart over "
                f"{_spell(timing.path[name])} and "
                f"{_spell((*timing.path[projection.source], name))}. Delay the shorter way, as "
                "export.chip.balancing does"
            )
    return None


def _closes_loop(
    projection: Projection, position: dict[str, int], group_of: dict[str, int]
) -> bool:
    source, target = projection.source, projection.target
    if source not in position or group_of[source] != group_of[target]:
        return False
    return position[source] >= position[target]


def _strongly_connected(graph: ChipGraph, position: dict[str, int]) -> dict[str, int]:
    """Per population, a number that it shares with those it can reach and be reached from."""
    onward: dict[str, list[str]] = {name: [] for name in position}
    back: dict[str, list[str]] = {name: [] for name in position}
    for projection in graph.projections:
        if projection.source in position:
            onward[projection.source].append(projection.target)
            back[projection.target].append(projection.source)
    finished: list[str] = []
    seen: set[str] = set()
    for name in position:
        _walk(name, onward, seen, finished)
    group_of: dict[str, int] = {}
    for name in reversed(finished):
        members: list[str] = []
        _walk(name, back, set(group_of), members)
        group_of |= dict.fromkeys(members, position[name])
    return group_of


def _walk(start: str, edges: dict[str, list[str]], seen: set[str], finished: list[str]) -> None:
    """Appends what can be reached from `start`, deepest first; a long chain would end recursion."""
    if start in seen:
        return
    seen.add(start)
    way = [(start, iter(edges[start]))]
    while way:
        name, following = way[-1]
        onward = next((n for n in following if n not in seen), None)
        if onward is None:
            finished.append(name)
            way.pop()
        else:
            seen.add(onward)
            way.append((onward, iter(edges[onward])))


def _in_order(graph: ChipGraph, group_of: dict[str, int]) -> list[tuple[str, ...]]:
    members: dict[int, list[str]] = {}
    for population in graph.populations:
        members.setdefault(group_of[population.name], []).append(population.name)
    needs = {
        number: {
            group_of[p.source]
            for name in names
            for p in graph.incoming(name)
            if p.source in group_of and group_of[p.source] != number
        }
        for number, names in members.items()
    }
    done: set[int] = set()
    order: list[tuple[str, ...]] = []
    while len(done) < len(members):
        ready = [number for number in members if number not in done and needs[number] <= done]
        order += [tuple(members[number]) for number in ready]
        done.update(ready)
    return order


def _longest_way(
    graph: ChipGraph,
    name: str,
    feedback: frozenset[int],
    path: dict[str, tuple[str, ...]],
    depth: dict[str, int],
) -> tuple[tuple[str, ...], int]:
    ways = [
        (depth[p.source] + 1 + int(delays_of(p)[-1]), path[p.source])
        for k, p in enumerate(graph.projections)
        if p.target == name and k not in feedback
    ]
    steps, way = max(ways, key=lambda found: found[0], default=(0, ()))
    return (*way, name), steps


def _spell(path: tuple[str, ...]) -> str:
    return "'" + " -> ".join(path) + "'"
