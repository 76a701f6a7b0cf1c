"""Every differing value is counted, and the first is named with its place and both values."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from export.chip.graph import IntArray
from hwsim.engine.simulate import simulate
from hwsim.engine.trace import Trace
from hwsim.errors import VerificationError
from hwsim.lava.compare import Mismatch, compare
from hwsim.lava.job import LavaLayer, LavaRun
from tests.random_chip_graphs import Chain, integers

NET = Path("chip.net")


@pytest.fixture
def trace() -> Trace:
    """A recorded run of 3 samples over 4 steps."""
    chain = Chain(1, "bias", (2, 3, 4)).biased_input(threshold=900)
    chain.conv(2, (2, 2), threshold=150).dense(5, threshold=100)
    inputs = integers(np.random.default_rng(2).integers(-600, 2400, (3, 2, 3, 4)))
    return simulate(chain.graph(time_steps=4), inputs, record=True)


def copied(trace: Trace) -> LavaRun:
    """A Lava run that agrees with the trace in every value."""
    layers = tuple(
        LavaLayer(**{state: values.copy() for state, values in trace.recordings[name].items()})
        for name in trace.populations
    )
    return LavaRun(NET, "staggered", (0, 1, 2), layers, {})


def test_equal_runs_are_identical(trace: Trace) -> None:
    """All values of all three states are counted."""
    comparison = compare(trace, copied(trace))
    assert comparison.identical
    assert comparison.values == 3 * 4 * (24 + 12 + 5) * 3
    assert str(comparison) == f"0 of {comparison.values} values differ"
    assert [population.first for population in comparison.populations] == [None] * 3


def test_first_mismatch_is_located(trace: Trace) -> None:
    """Earliest sample first, then step; both values are shown."""
    run = copied(trace)
    layer = run.layers[1]
    layer.v[2, 0, 0, 0, 0] += 1
    layer.v[1, 3, 1, 1, 2] += 7
    layer.s[1, 3, 0, 0, 0] ^= 1
    layer.u[1, 2, 1, 0, 1] -= 5
    comparison = compare(trace, run)
    assert not comparison.identical
    population = comparison.populations[1]
    assert population.mismatches == {"u": 1, "v": 2, "s": 1}
    ours = int(trace.recordings[population.name]["u"][1, 2, 1, 0, 1])
    assert population.first == Mismatch("u", 1, 2, (1, 0, 1), ours, ours - 5)
    assert (comparison.mismatches, comparison.spike_mismatches) == (4, 1)
    assert str(comparison) == (
        f"4 of {comparison.values} values differ, first in population '{population.name}', "
        f"u of neuron (1, 0, 1), sample 1, step 2: emulator {ours}, Lava {ours - 5}"
    )


def test_run_without_resets_is_one_sample(trace: Trace) -> None:
    """Lava's raw chip time lies beside a trace of one sample."""
    chain = Chain(1, "bias", (8,)).biased_input(threshold=900).dense(4, threshold=100)
    inputs = integers(np.random.default_rng(3).integers(-600, 2400, (1, 8)))
    raw = simulate(chain.graph(), inputs, reset="none", steps=9, record=True)
    run = replace(copied(raw), reset="none")
    layers = tuple(LavaLayer(one.u[0], one.v[0], one.s[0]) for one in run.layers)
    assert compare(raw, replace(run, layers=layers)).identical


def test_populations_are_matched_by_name(trace: Trace) -> None:
    """A trace is in order of computation, a run in the file's."""
    run = copied(trace)
    mixed = (2, 0, 1)
    renamed = replace(
        run,
        layers=tuple(run.layers[k] for k in mixed),
        populations=tuple(trace.populations[k] for k in mixed),
    )
    assert compare(trace, renamed).identical
    assert renamed.layer(trace.populations[1]) is run.layers[1]
    renamed.layers[1].u[0, 0] += 1
    assert compare(trace, renamed).populations[0].mismatches["u"] == 24


def _without_recordings(trace: Trace, run: LavaRun) -> tuple[Trace, LavaRun]:
    return replace(trace, recordings={}), run


def _one_layer_less(trace: Trace, run: LavaRun) -> tuple[Trace, LavaRun]:
    return trace, replace(run, layers=run.layers[:2])


def _other_names(trace: Trace, run: LavaRun) -> tuple[Trace, LavaRun]:
    return trace, replace(run, populations=("input", "p1", "other"))


def _one_sample_less(trace: Trace, run: LavaRun) -> tuple[Trace, LavaRun]:
    def cut(values: IntArray) -> IntArray:
        return values[:2]

    layers = tuple(LavaLayer(cut(one.u), cut(one.v), cut(one.s)) for one in run.layers)
    return trace, replace(run, layers=layers)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_without_recordings, r"no recordings\. Simulate with record=True"),
        (_one_layer_less, r"Lava ran 2 populations, the trace holds 3\."),
        (_other_names, r"Lava ran a population 'other', the trace holds input, p1, p2\."),
        (_one_sample_less, r"shape \(3, 4, 2, 3, 4\), Lava's run \(2, 4, 2, 3, 4\)\."),
    ],
)
def test_runs_that_do_not_belong_together_are_refused(
    trace: Trace, change: Callable[[Trace, LavaRun], tuple[Trace, LavaRun]], message: str
) -> None:
    """Nothing is compared halfway."""
    with pytest.raises(VerificationError, match=message):
        compare(*change(trace, copied(trace)))
