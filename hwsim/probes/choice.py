"""What `--probe` and `--samples` ask for, held to the network and the inputs."""

from collections.abc import Sequence

from export.chip.graph import ChipGraph
from hwsim.engine.recording import STATES, Recording, State
from trainers.errors import ConfigError

ALL = "all"


def probes_of(graph: ChipGraph, names: Sequence[str], samples: str | None, given: int) -> Recording:
    """The states to keep, populations in file order.

    Args:
        graph: the network.
        names: `all`, `POPULATION` for its three states, or `POPULATION.STATE`.
        samples: `FIRST:LAST` as Python slices, from 0, LAST not included; None for all.
        given: how many samples there are.

    Raises:
        ConfigError: an unknown population or state, or samples that aren't there.
    """
    known = [population.name for population in graph.populations]
    states: dict[str, set[State]] = {name: set() for name in known}
    for name in names:
        for population, asked in _asked(name, known).items():
            states[population] |= asked
    kept = {name: frozenset(asked) for name, asked in states.items() if asked}
    return Recording(kept, _range(samples, given))


def _asked(name: str, known: list[str]) -> dict[str, set[State]]:
    if name == ALL and ALL not in known:
        return {population: set(STATES) for population in known}
    if name in known:
        return {name: set(STATES)}
    population, _, letter = name.rpartition(".")
    found: set[State] = {state for state in STATES if state == letter}
    if population in known and found:
        return {population: found}
    fault = (
        f"population '{population}' has no state '{letter}', only {', '.join(STATES)}"
        if population in known
        else f"no population '{population or name}', only {', '.join(known)}"
    )
    raise ConfigError(
        f"--probe {name}: {fault}. Name {ALL}, a population, or one of its states, as in "
        f"{known[0]}.v."
    )


def _range(samples: str | None, given: int) -> tuple[int, int] | None:
    if samples is None:
        return None
    first, colon, last = samples.partition(":")
    numbers = (first or "0", last or str(given))
    if not colon or not all(number.isdecimal() for number in numbers):
        raise ConfigError(f"--samples {samples}: not FIRST:LAST. Write for example 0:8.")
    start, stop = (int(number) for number in numbers)
    if not start < stop <= given:
        raise ConfigError(
            f"--samples {samples}: there are {given} samples, counted from 0. Choose some of "
            f"0:{given}."
        )
    return start, stop
