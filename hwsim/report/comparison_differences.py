"""What makes a comparison of runs unfair, in sentences."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from hwsim.report.chip_cost import ChipConstant
from hwsim.report.comparison_runs import Run
from hwsim.report.model import Report, UncostedReport
from hwsim.report.units import count, si
from hwsim.report.wording import excess_sentence

MOST_KEYS = 3
"""Named in a sentence; of the others it says how many."""


@dataclass(frozen=True)
class Differences:
    """What differs beside the networks.

    Args:
        same_task: nothing is known to differ in data set or samples.
        same_chip: every costed run has the same chip, cost by cost, and the same throttle.
        sentences: for the reader.
    """

    same_task: bool
    same_chip: bool
    sentences: tuple[str, ...]


def differences(runs: Sequence[Run]) -> Differences:
    """What a reader must know before comparing the runs."""
    task = [*_about_data(runs), *_about_samples(runs)]
    costed = [(run, run.costed) for run in runs if run.costed is not None]
    chip = [*_about_chips(costed)]
    return Differences(
        same_task=not task,
        same_chip=not chip,
        sentences=(
            *task,
            *chip,
            *_about_unknown_data(runs),
            *_about_steps(runs),
            *_about_objectives(costed),
            *_about_those_without_costs(runs),
            *_about_excesses(costed),
        ),
    )


def _about_data(runs: Sequence[Run]) -> Iterator[str]:
    known = [run for run in runs if run.data is not None]
    differing = _differing([run.data or {} for run in known])
    if differing:
        grouped = _grouped(known, lambda run: _settings(run.data or {}, differing))
        yield (
            f"Data sets differ: {grouped}. Accuracies, counts, energies and times are of "
            "different inputs, so no run is marked as the best."
        )


def _about_unknown_data(runs: Sequence[Run]) -> Iterator[str]:
    unknown = [run.name for run in runs if run.data is None]
    if unknown:
        yield (
            f"The data set of {_listed(unknown)} isn't known: the folder has no recipe. Whether "
            "the inputs are the same is for the reader to know."
        )


def _about_samples(runs: Sequence[Run]) -> Iterator[str]:
    if len({(run.report.simulated_samples, run.report.accuracy.samples) for run in runs}) > 1:
        grouped = _grouped(runs, _samples)
        yield (
            f"Numbers of samples differ: {grouped}. Means over other samples are other means, so "
            "no run is marked as the best."
        )


def _samples(run: Run) -> str:
    simulated, tested = run.report.simulated_samples, run.report.accuracy.samples
    if tested in (None, simulated):
        return count(simulated)
    return f"{count(simulated)} simulated and {count(tested)} tested"


def _about_chips(costed: Sequence[tuple[Run, Report]]) -> Iterator[str]:
    unmarked = "energy, time and cores aren't marked with a best run"
    runs = [run for run, _ in costed]
    chips = {run.name: report.chip.name for run, report in costed}
    if len(set(chips.values())) > 1:
        grouped = _grouped(runs, lambda run: chips[run.name])
        yield f"Chips differ: {grouped}. Their estimates rest on other numbers, so {unmarked}."
    for name in dict.fromkeys(chips.values()):
        alike = [(run, report) for run, report in costed if report.chip.name == name]
        keys = _differing([_constants(report) for _, report in alike])
        if keys:
            more = f" and {len(keys) - MOST_KEYS} more" if len(keys) > MOST_KEYS else ""
            yield (
                f"The chip files called {name} of {_listed([run.name for run, _ in alike])} aren't "
                f"the same ({', '.join(keys[:MOST_KEYS])}{more}), so {unmarked}."
            )
    throttles = {run.name: report.latency_s.throttle for run, report in costed}
    if len(set(throttles.values())) > 1:
        grouped = _grouped(runs, lambda run: _throttle(throttles[run.name]))
        yield f"The shortest step that was allowed differs: {grouped}, so {unmarked}."


def _constants(report: Report) -> dict[str, Any]:
    def pricing(constant: ChipConstant) -> tuple[Any, ...]:
        return constant.value, constant.low, constant.high

    return {constant.key: pricing(constant) for constant in report.constants}


def _throttle(seconds: float | None) -> str:
    return "no throttle" if seconds is None else si(seconds, "s")


def _about_steps(runs: Sequence[Run]) -> Iterator[str]:
    if len({run.report.network.time_steps for run in runs}) > 1:
        grouped = _grouped(runs, lambda run: f"T = {run.report.network.time_steps}")
        yield f"Time steps differ: {grouped}. More steps cost more and may be more accurate."


def _about_objectives(costed: Sequence[tuple[Run, Report]]) -> Iterator[str]:
    objectives = {run.name: report.chip.objective for run, report in costed}
    if len(set(objectives.values())) > 1:
        grouped = _grouped([run for run, _ in costed], lambda run: objectives[run.name])
        yield (
            f"Placements were chosen for different objectives: {grouped}. Part of the differences "
            "in energy, time and cores is the placement's."
        )


def _about_those_without_costs(runs: Sequence[Run]) -> Iterator[str]:
    for run in runs:
        if isinstance(run.report, UncostedReport):
            yield (
                f"{run.name} has no chip equivalent: {run.report.no_chip_equivalent} No energy "
                "and no latency are claimed."
            )


def _about_excesses(costed: Sequence[tuple[Run, Report]]) -> Iterator[str]:
    for run, report in costed:
        for excess in report.chip.excesses:
            yield (
                f"{run.name} doesn't fit {report.chip.title}. {excess_sentence(excess)} Energy "
                "and time are estimated as if the chip had room."
            )


def _differing(tables: Sequence[dict[str, Any]]) -> list[str]:
    """Keys whose values aren't the same in every table, in order of appearance."""
    keys = dict.fromkeys(key for table in tables for key in table)
    return [
        key for key in keys if any(table.get(key) != tables[0].get(key) for table in tables[1:])
    ]


def _settings(data: dict[str, Any], keys: Sequence[str]) -> str:
    """The data set with the settings that others have otherwise."""
    others = [f"{key} = {data[key]}" for key in keys if key != "name" and key in data]
    return ", ".join((str(data.get("name", "no name")), *others))


def _grouped(runs: Sequence[Run], value: Callable[[Run], str]) -> str:
    """Each value with the runs that have it."""
    groups: dict[str, list[str]] = {}
    for run in runs:
        groups.setdefault(value(run), []).append(run.name)
    return "; ".join(f"{each} ({', '.join(names)})" for each, names in groups.items())


def _listed(names: Sequence[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
