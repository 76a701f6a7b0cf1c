"""The emulator against Lava: every u, v and spike of every neuron at every step."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from export.chip.graph import IntArray
from hwsim.engine.trace import Trace
from hwsim.errors import VerificationError
from hwsim.lava.job import LavaLayer, LavaRun

STATES = ("u", "v", "s")


@dataclass(frozen=True)
class Mismatch:
    """One value that differs.

    Args:
        state: `u`, `v` or `s`.
        sample: which sample.
        step: which step of its window (of the run, without resets), from 0.
        neuron: place in the population, (C, H, W) or (N,).
        emulator: our value.
        lava: Lava's value.
    """

    state: str
    sample: int
    step: int
    neuron: tuple[int, ...]
    emulator: int
    lava: int

    def __str__(self) -> str:
        return (
            f"{self.state} of neuron {self.neuron}, sample {self.sample}, step {self.step}: "
            f"emulator {self.emulator}, Lava {self.lava}"
        )


@dataclass(frozen=True)
class PopulationComparison:
    """How one population compares.

    Args:
        name: of the population.
        values: how many values of each state were compared.
        mismatches: state -> how many of them differ.
        first: the earliest that differs, by sample, step, state and neuron; None if none does.
    """

    name: str
    values: int
    mismatches: Mapping[str, int]
    first: Mismatch | None


@dataclass(frozen=True)
class LavaComparison:
    """How a whole run compares."""

    populations: tuple[PopulationComparison, ...]

    @property
    def values(self) -> int:
        """Values compared, u, v and s together."""
        return sum(population.values * len(STATES) for population in self.populations)

    @property
    def mismatches(self) -> int:
        """Values that differ, u, v and s together."""
        return sum(sum(population.mismatches.values()) for population in self.populations)

    @property
    def spike_mismatches(self) -> int:
        """Spikes that only one of the two has."""
        return sum(population.mismatches["s"] for population in self.populations)

    @property
    def identical(self) -> bool:
        """Whether no value differs."""
        return self.mismatches == 0

    def __str__(self) -> str:
        faults = [f"'{p.name}', {p.first}" for p in self.populations if p.first is not None]
        where = f", first in population {faults[0]}" if faults else ""
        return f"{self.mismatches} of {self.values} values differ{where}"


def compare(trace: Trace, run: LavaRun) -> LavaComparison:
    """Compares a recorded trace with Lava's run of the same network on the same inputs.

    Populations are matched by name; by position only where the run has no names.

    Raises:
        VerificationError: the two don't belong together, or the trace has no recordings.
    """
    where = f"emulator against Lava, {run.net}"
    if set(trace.recordings) != set(trace.populations):
        raise VerificationError(f"{where}: the trace has no recordings. Simulate with record=True.")
    layers = _by_population(where, trace, run)
    return LavaComparison(
        tuple(
            _compare_population(where, name, trace.recordings[name], layers[name])
            for name in trace.populations
        )
    )


def _by_population(where: str, trace: Trace, run: LavaRun) -> dict[str, LavaLayer]:
    if len(run.layers) != len(trace.populations):
        raise VerificationError(
            f"{where}: Lava ran {len(run.layers)} populations, the trace holds "
            f"{len(trace.populations)}. Run the same file in both."
        )
    names = run.populations or trace.populations
    foreign = sorted(set(names) - set(trace.populations))
    if foreign:
        raise VerificationError(
            f"{where}: Lava ran a population '{foreign[0]}', the trace holds "
            f"{', '.join(trace.populations)}. Run the same network in both."
        )
    return dict(zip(names, run.layers, strict=True))


def _by_sample(layer: LavaLayer, rank: int) -> dict[str, IntArray]:
    """States as [N, T, *shape], `rank` axes; a single run without resets is one sample."""
    states: dict[str, IntArray] = {state: getattr(layer, state) for state in STATES}
    return states if layer.u.ndim == rank else {state: states[state][None] for state in STATES}


def _compare_population(
    where: str, name: str, ours: Mapping[str, IntArray], layer: LavaLayer
) -> PopulationComparison:
    lava = _by_sample(layer, ours["u"].ndim)
    if ours["u"].shape != lava["u"].shape:
        raise VerificationError(
            f"{where}, population '{name}': the trace has shape {ours['u'].shape}, Lava's run "
            f"{lava['u'].shape}. Give both the same samples and steps."
        )
    wrong = np.stack([ours[state] != lava[state] for state in STATES], axis=2)
    counts = {state: int(wrong[:, :, k].sum()) for k, state in enumerate(STATES)}
    first = None
    if wrong.any():
        sample, step, k, *place = (int(i) for i in np.unravel_index(wrong.argmax(), wrong.shape))
        at, state = (sample, step, *place), STATES[k]
        values = int(ours[state][at]), int(lava[state][at])
        first = Mismatch(state, sample, step, tuple(place), *values)
    return PopulationComparison(name, int(ours["u"].size), counts, first)
