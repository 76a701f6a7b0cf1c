"""Logits from readout voltages: weighted per step, against sums of currents worked out apart."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from export.chip.graph import ChipGraph, DenseProjection, IntArray, Readout
from hwsim.engine import batch_plan
from hwsim.engine.readout import chip_logits, window_logits
from hwsim.engine.simulate import simulate
from hwsim.engine.trace import Trace
from hwsim.engine.trace_file import load_trace, save_trace
from hwsim.errors import SimulationError
from tests.random_chip_graphs import Chain, integers
from tests.small_chip_graphs import chain

STEPS = 5
WEIGHTS = (0.5, -1.25, 0.1, 3.0, 1 / 3)
IMAGES = np.random.default_rng(41).integers(-50, 300, (7, 2, 4, 3))


def graph(weights: tuple[float, ...] | None = WEIGHTS, steps: int | None = STEPS) -> ChipGraph:
    """Three populations and a biased readout."""
    plain = chain(40, "bias").readout(3).graph(steps)
    *hidden, last = plain.populations
    biased = replace(last, bias=integers([7, -3, 0]))
    return replace(
        plain, populations=(*hidden, biased), readouts=(Readout(last.name, 2.0**-9, weights),)
    )


def currents(trace: Trace) -> IntArray:
    """What arrives at the readout at each step, [N, T, classes]: spikes times weights, plus bias.

    Aligned windows have no lag: spikes of step t arrive at step t.
    """
    network = trace.graph
    projection = network.projections[-1]
    assert isinstance(projection, DenseProjection)
    fired = trace.recordings[projection.source]["s"]
    sums: IntArray = fired @ projection.weight.T + network.populations[-1].bias
    return sums << 6


def test_weighted_logits_are_weighted_sums_of_currents() -> None:
    """sum over t of w[t] * O[t] in float64, from the recorded spikes alone."""
    trace = simulate(graph(), IMAGES, record=True)
    arriving = currents(trace)
    assert (np.abs(arriving).sum(axis=(0, 2)) > 0).all()
    expected = np.einsum("t,ntc->nc", np.array(WEIGHTS), arriving) * 2.0**-9
    np.testing.assert_allclose(chip_logits(trace), expected, rtol=1e-13, atol=1e-9)
    assert trace.readout_steps is not None
    np.testing.assert_array_equal(trace.readout_steps, arriving.cumsum(axis=1))
    np.testing.assert_array_equal(trace.readout, trace.readout_steps[:, -1])


def test_one_weight_picks_one_step() -> None:
    """Weight 1 at step k and 0 elsewhere gives that step's currents, to the last bit."""
    for k in range(STEPS):
        weights = tuple(float(t == k) for t in range(STEPS))
        trace = simulate(graph(weights), IMAGES, record=True)
        np.testing.assert_array_equal(chip_logits(trace), currents(trace)[:, k] * 2.0**-9)


def test_weights_of_one_change_nothing() -> None:
    """Bit for bit the logits of the voltage read once, and the same counts."""
    plain = simulate(graph(None), IMAGES)
    ones = simulate(graph((1.0,) * STEPS), IMAGES)
    assert plain.readout_steps is None
    assert ones.readout_steps is not None
    np.testing.assert_array_equal(chip_logits(ones), chip_logits(plain))
    np.testing.assert_array_equal(chip_logits(plain), plain.readout * 2.0**-9)
    np.testing.assert_array_equal(ones.spikes, plain.spikes)
    np.testing.assert_array_equal(
        window_logits(Readout("p3", 2.0**-9), ones.readout_steps), chip_logits(plain)
    )


def test_voltages_per_step_come_without_a_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading a readout at each step records nothing else, in batches of any size."""
    whole = simulate(graph(), IMAGES, record=True)
    monkeypatch.setattr(batch_plan, "BATCH_BYTES", 1)
    for size in (None, 3):
        parts = simulate(graph(), IMAGES, batch_size=size)
        assert parts.recordings == {}
        assert parts.readout_steps is not None
        assert parts.readout_steps.dtype == np.int64
        np.testing.assert_array_equal(parts.readout_steps, whole.recordings["p3"]["v"])
        np.testing.assert_array_equal(chip_logits(parts), chip_logits(whole))


def test_memory_of_a_batch_counts_the_states_that_are_read() -> None:
    """A readout larger than every other layer takes smaller batches when it is read each step."""
    done: dict[bool, list[int]] = {False: [], True: []}
    wide = Chain(43, "bias", (4,)).biased_input(threshold=9).readout(4000).graph(STEPS)
    assert wide.readout is not None
    for weighted, seen in done.items():
        readout = replace(wide.readout, weights=WEIGHTS if weighted else None)
        inputs = np.zeros((200, 4), dtype=np.int64)
        simulate(replace(wide, readouts=(readout,)), inputs, on_batch=seen.append)
    assert done[True][0] < done[False][0] < 200


def test_the_readout_may_be_a_map() -> None:
    """A (C, H, W) readout has one logit per neuron, in C, H, W order."""
    network = Chain(42, "bias", (2, 4, 3)).biased_input(threshold=300)
    network.conv(2, (2, 2), threshold=131071, decay_v=0)
    plain = network.graph(2)
    assert plain.readout is not None
    weighted = replace(plain, readouts=(replace(plain.readout, weights=(2.0, -1.0)),))
    trace = simulate(weighted, IMAGES, record=True)
    v = trace.recordings["p1"]["v"].reshape(7, 2, -1)
    np.testing.assert_array_equal(chip_logits(trace), 2 * v[:, 0] - (v[:, 1] - v[:, 0]))


def test_chip_time_has_no_weighted_logits() -> None:
    """Without resets, columns are chip steps, which the weights don't belong to."""
    trace = simulate(graph(), IMAGES, reset="none")
    with pytest.raises(SimulationError, match="'p3': its weights belong to the steps of its own"):
        chip_logits(trace)
    plain = simulate(graph(None), IMAGES, reset="none")
    np.testing.assert_array_equal(chip_logits(plain), plain.readout * 2.0**-9)


def test_logits_that_can_not_be_had_are_refused() -> None:
    """No readout, no voltage per step, another number of steps: one line each."""
    bare = simulate(replace(graph(), readouts=()), IMAGES)
    with pytest.raises(SimulationError, match="names no readout population"):
        chip_logits(bare)
    trace = simulate(graph(), IMAGES)
    with pytest.raises(SimulationError, match=r"'p3'.*the trace holds no voltage per step"):
        chip_logits(replace(trace, readout_steps=None))
    assert trace.readout_steps is not None
    with pytest.raises(SimulationError, match="'p3': weights for 5 steps, but voltages of 4"):
        chip_logits(replace(trace, readout_steps=trace.readout_steps[:, :4]))


def test_one_of_two_readouts_weights_its_steps(tmp_path: Path) -> None:
    """The host then reads both after every step, and the trace reads back."""
    network = Chain(44, "bias", (6,)).biased_input(threshold=300).readout(3)
    first = network.populations[-1]
    second = replace(first, name="other")
    weight = np.random.default_rng(45).integers(-60, 61, (3, 6))
    plain = network.graph(STEPS)
    graph = replace(
        plain,
        populations=(*plain.populations, second),
        projections=(*plain.projections, DenseProjection("input", "other", weight)),
        readouts=(Readout(first.name, 0.5), Readout("other", 0.25, WEIGHTS)),
    )
    trace = simulate(graph, np.random.default_rng(46).integers(-50, 300, (4, 6)), record=True)
    assert trace.readout_steps is not None
    for name, columns in (first.name, slice(0, 3)), ("other", slice(3, 6)):
        voltages = trace.recordings[name]["v"]
        np.testing.assert_array_equal(trace.readout_steps[:, :, columns], voltages)
        np.testing.assert_array_equal(trace.readout[:, columns], voltages[:, -1])
    save_trace(trace, tmp_path / "trace.npz")
    back = load_trace(tmp_path / "trace.npz", graph)
    np.testing.assert_array_equal(chip_logits(back), 0.5 * trace.readout[:, :3])
    steps = np.diff(trace.readout_steps[:, :, 3:], axis=1, prepend=0)
    expected = 0.25 * (steps * np.array(WEIGHTS)[None, :, None]).sum(axis=1)
    np.testing.assert_allclose(chip_logits(back, "other"), expected)
