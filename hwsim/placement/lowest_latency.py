"""Split the bottleneck, again and again, as long as there are cores."""

from collections.abc import Mapping, Sequence

from hwsim.errors import ChipError
from hwsim.placement.choices import Choice, Choices
from hwsim.placement.demand import Demand
from hwsim.placement.fewest_cores import sends_fit
from hwsim.placement.grid import Grid


def lowest_latency(
    demand: Demand,
    choices: Sequence[Choices],
    start: Sequence[Grid],
    loads: Mapping[str, float],
    cores_at_most: int,
) -> list[Grid]:
    """Cuts the population with the most work on one core into more parts, until none is left.

    Work on a population's fullest core is load * (neurons of its largest block) / neurons. The
    population with the most takes the next larger number of cores with a smaller largest block.
    It ends where that is impossible: cores have run out, its neurons have one core each, or every
    finer grid breaks a limit, its own or its sources' output axons.

    Args:
        demand: of the network.
        choices: per population.
        start: the grids to begin with.
        loads: seconds of work of each population in its busiest step if one core did all of it.
        cores_at_most: of all populations together.

    Raises:
        ChipError: a population's load is missing.
    """
    names = [each.population.name for each in choices]
    missing = [name for name in names if name not in loads]
    if missing:
        raise ChipError(
            f"placement, lowest-latency: no load of population '{missing[0]}'. Give the seconds "
            "of work of every population."
        )
    grids = list(start)

    def work(index: int) -> float:
        return loads[names[index]] * int(grids[index].neurons.max()) / int(
            grids[index].neurons.sum()
        )  # fmt: skip

    while True:
        busiest = max(range(len(grids)), key=work)
        spare = cores_at_most - sum(grid.cores for grid in grids)
        finer = _finer(demand, choices[busiest], busiest, grids, spare) if work(busiest) else None
        if finer is None:
            return grids
        grids[busiest] = finer


def _finer(
    demand: Demand, own: Choices, index: int, grids: Sequence[Grid], spare: int
) -> Grid | None:
    """The next grid with a smaller largest block that breaks no limit."""
    largest = int(grids[index].neurons.max())
    cores = own.after(grids[index].cores)
    while cores <= min(grids[index].cores + spare, own.population.neurons):
        for choice in sorted(own.of(cores), key=_largest_block):
            if _largest_block(choice) < largest and _nothing_breaks(demand, index, choice, grids):
                return choice.grid
        cores = own.after(cores)
    return None


def _largest_block(choice: Choice) -> int:
    return int(choice.grid.neurons.max())


def _nothing_breaks(demand: Demand, index: int, choice: Choice, grids: Sequence[Grid]) -> bool:
    """Whether all output axons that fitted before still do."""
    tried = [*grids[:index], choice.grid, *grids[index + 1 :]]
    touched = {index, *demand.sources(index)}
    return all(
        sends_fit(demand, sender, tried) or not sends_fit(demand, sender, grids)
        for sender in touched
    )
