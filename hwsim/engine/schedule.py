"""In which order populations can be computed, and how many steps each lags behind the input."""

from dataclasses import dataclass

from export.chip.check_graph import label
from export.chip.graph import ChipGraph, DenseProjection, Projection
from hwsim.errors import SimulationError


@dataclass(frozen=True)
class Schedule:
    """A graph's order of computation.

    Args:
        order: populations, each after everything that feeds it (itself excepted).
        path: per population, the longest way from the input (or from a population that nothing
            feeds) to it, ends included.
        depth: per population, projections on that way: its lag in chip steps.
    """

    order: tuple[str, ...]
    path: dict[str, tuple[str, ...]]

    def depth(self, name: str) -> int:
        """Projections on the longest way to population `name`."""
        return len(self.path[name]) - 1


def schedule_of(graph: ChipGraph) -> Schedule:
    """Orders the populations.

    Raises:
        SimulationError: populations feed each other in a loop.
    """
    paths: dict[str, tuple[str, ...]] = {}
    if graph.input.form != "bias":
        paths[graph.input.name] = (graph.input.name,)
    order: list[str] = []
    waiting = [population.name for population in graph.populations]
    while waiting:
        ready = [n for n in waiting if all(p.source in paths for p in feeding(graph, n))]
        if not ready:
            _refuse_loop(graph, waiting, paths)
        for name in ready:
            ways = [paths[projection.source] for projection in feeding(graph, name)]
            paths[name] = (*max(ways, key=len, default=()), name)
        order += ready
        waiting = [name for name in waiting if name not in paths]
    return Schedule(tuple(order), paths)


def feeding(graph: ChipGraph, name: str) -> tuple[Projection, ...]:
    """Projections onto a population from elsewhere."""
    return tuple(p for p in graph.incoming(name) if p.source != name)


def looping(graph: ChipGraph, name: str) -> tuple[Projection, ...]:
    """Projections of a population onto itself."""
    return tuple(p for p in graph.incoming(name) if p.source == name)


def has_delays(projection: Projection) -> bool:
    """Whether any synapse of the projection waits longer than the one step all take."""
    return (
        isinstance(projection, DenseProjection)
        and projection.delay is not None
        and bool(projection.delay.any())
    )


def refuse_misaligned(graph: ChipGraph, schedule: Schedule) -> None:
    """Raises SimulationError where samples would mix although every population is reset.

    With the staggered reset, a population works on one sample in one window of T steps. That
    only holds if everything that feeds it arrives with the same lag.
    """
    for projection in graph.projections:
        if has_delays(projection):
            raise SimulationError(
                f"chip graph, {label(projection)}: synaptic delays carry spikes from one sample's "
                "window into the next. Run with reset 'none'."
            )
    for name in schedule.order:
        ways = [schedule.path[p.source] for p in feeding(graph, name)]
        shortest, longest = min(ways, key=len, default=()), max(ways, key=len, default=())
        if len(shortest) != len(longest):
            raise SimulationError(
                f"chip graph, population '{name}': spikes arrive {len(longest) - len(shortest)} "
                f"steps apart over {_spell(longest, name)} and {_spell(shortest, name)}. "
                "Give both paths the same number of projections, or run with reset 'none'."
            )


def _refuse_loop(graph: ChipGraph, waiting: list[str], done: dict[str, tuple[str, ...]]) -> None:
    way = [waiting[0]]
    while way[-1] not in way[:-1]:
        way.append(next(p.source for p in feeding(graph, way[-1]) if p.source not in done))
    loop = way[way.index(way[-1]) :][::-1]
    raise SimulationError(
        f"chip graph: populations {' -> '.join(repr(name) for name in loop)} form a loop. "
        "The emulator runs loops of one population onto itself only; cut the loop."
    )


def _spell(path: tuple[str, ...], name: str) -> str:
    return "'" + " -> ".join((*path, name)) + "'"
