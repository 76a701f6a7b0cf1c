"""Runs side by side: quantities, which run is best in each, and what makes it unfair to say so."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from hwsim.report.comparison_differences import Differences, differences
from hwsim.report.comparison_runs import Run
from hwsim.report.model import Report
from hwsim.report.terms import STAGES, TERMS
from hwsim.report.units import count, percent, si

Show = Callable[[float], str]
Needs = Literal["task", "chip"]


@dataclass(frozen=True)
class Quantity:
    """A number that runs are compared by.

    Args:
        key: in files; ends in the SI unit where there is one.
        label: for people.
        value: of a run; None where it has none.
        show: a value as people read it.
        better: which value is the better one; None where neither is.
        needs: what runs must share for a best one: the `task` (data set and samples), or the
            `chip` as well.
    """

    key: str
    label: str
    value: Callable[[Run], float | None]
    show: Show
    better: Literal["lower", "higher"] | None = "lower"
    needs: Needs = "chip"


@dataclass(frozen=True)
class Fact:
    """A word or two about each run."""

    key: str
    label: str
    value: Callable[[Run], str]


@dataclass(frozen=True)
class Comparison:
    """Two or more runs, side by side."""

    runs: tuple[Run, ...]
    differences: Differences

    @property
    def sentences(self) -> tuple[str, ...]:
        """What a reader must know before comparing."""
        return self.differences.sentences

    def best(self, quantity: Quantity) -> frozenset[int]:
        """Positions of the runs with the best value; none where comparing wouldn't be fair.

        A run that doesn't fit its chip is never the best in what needs a chip.
        """
        if quantity.better is None or not self._fair(quantity.needs):
            return frozenset()
        values = {
            position: value
            for position, run in enumerate(self.runs)
            if (value := quantity.value(run)) is not None
        }
        if len(set(values.values())) < 2:
            return frozenset()
        able = {
            position: value
            for position, value in values.items()
            if quantity.needs == "task" or _fits(self.runs[position])
        }
        if not able:
            return frozenset()
        best = min(able.values()) if quantity.better == "lower" else max(able.values())
        return frozenset(position for position, value in able.items() if value == best)

    def shown(self) -> list[Quantity]:
        """Quantities that at least one run has."""
        return [
            quantity
            for quantity in QUANTITIES
            if any(quantity.value(run) is not None for run in self.runs)
        ]

    def _fair(self, needs: Needs) -> bool:
        if needs == "task":
            return self.differences.same_task
        return self.differences.same_task and self.differences.same_chip


def compare(runs: Sequence[Run]) -> Comparison:
    """The runs with what is different about them."""
    return Comparison(tuple(runs), differences(runs))


def _fits(run: Run) -> bool:
    return run.costed is not None and run.costed.chip.fits


def _accuracy(stage: str) -> Callable[[Run], float | None]:
    def value(run: Run) -> float | None:
        share: float | None = getattr(run.report.accuracy, stage)
        return share

    return value


def _costed(value: Callable[[Report], float]) -> Callable[[Run], float | None]:
    """The value of a costed report; None of any other."""
    return lambda run: None if run.costed is None else value(run.costed)


def _term(key: str) -> Callable[[Run], float | None]:
    return _costed(lambda report: float(getattr(report.energy_j, key)))


def _in(unit: str) -> Show:
    return lambda value: si(value, unit)


def _share(value: float) -> str:
    return percent(value, 2)


ENERGY = Quantity(
    "energy_j", "Energy", _costed(lambda report: report.energy_range_j.nominal), _in("J")
)
LATENCY = Quantity(
    "latency_s", "Latency", _costed(lambda report: report.latency_range_s.nominal), _in("s")
)
ACCURACIES = tuple(
    Quantity(
        f"accuracy_{stage.key}",
        f"Accuracy, {stage.key if stage.key != 'chip' else 'emulated'}",
        _accuracy(stage.key),
        _share,
        "higher",
        "task",
    )
    for stage in STAGES
)
TERM_ENERGIES = tuple(
    Quantity(f"energy_{term.key}_j", f"Energy, {term.short}", _term(term.key), _in("J"), None)
    for term in TERMS
)

QUANTITIES: tuple[Quantity, ...] = (
    *ACCURACIES,
    Quantity("samples", "Samples", lambda run: run.report.simulated_samples, count, None),
    Quantity("neurons", "Neurons", lambda run: run.report.network.neurons, count, None),
    Quantity("synapses", "Synapses", lambda run: run.report.network.synapses, count, None),
    Quantity("time_steps", "Steps T", lambda run: run.report.network.time_steps, count, None),
    Quantity(
        "spikes", "Spikes",
        lambda run: sum(layer.spikes_per_inference for layer in run.report.layers), count,
        needs="task",
    ),
    Quantity(
        "synops", "Synaptic operations",
        lambda run: sum(layer.synops_per_inference for layer in run.report.layers), count,
    ),
    ENERGY,
    Quantity(
        "energy_low_j", "Energy, low", _costed(lambda report: report.energy_range_j.low),
        _in("J"), None,
    ),
    Quantity(
        "energy_high_j", "Energy, high", _costed(lambda report: report.energy_range_j.high),
        _in("J"), None,
    ),
    *TERM_ENERGIES,
    LATENCY,
    Quantity(
        "latency_low_s", "Latency, low", _costed(lambda report: report.latency_range_s.low),
        _in("s"), None,
    ),
    Quantity(
        "latency_high_s", "Latency, high", _costed(lambda report: report.latency_range_s.high),
        _in("s"), None,
    ),
    Quantity(
        "inferences_per_s", "Inferences/s, pipelined",
        _costed(lambda report: report.latency_s.pipelined_per_s), count, "higher",
    ),
    Quantity(
        "energy_delay_js", "Energy-delay product", _costed(lambda report: report.energy_delay_js),
        _in("J·s"),
    ),
    Quantity("cores", "Cores", _costed(lambda report: report.chip.cores_used), count),
    Quantity("chips", "Chips", _costed(lambda report: report.chip.chips_used), count),
)  # fmt: skip
"""In the order of every table; per inference, mean over the run's samples."""

FACTS: tuple[Fact, ...] = (
    Fact("recipe", "Recipe", lambda run: run.report.recipe or ""),
    Fact("data", "Data set", lambda run: str((run.data or {}).get("name", ""))),
    Fact("chip", "Chip", lambda run: "" if run.costed is None else run.costed.chip.name),
    Fact(
        "objective", "Placed for",
        lambda run: "" if run.costed is None else run.costed.chip.objective,
    ),
    Fact(
        "fits", "Fits",
        lambda run: "" if run.costed is None else "yes" if run.costed.chip.fits else "no",
    ),
)  # fmt: skip
