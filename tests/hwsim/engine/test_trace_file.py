"""Traces survive their file, and damaged or foreign files are refused in one line."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from export.chip.graph import ChipGraph
from hwsim.engine.readout import chip_logits
from hwsim.engine.simulate import simulate
from hwsim.engine.trace import COUNTS, Trace
from hwsim.engine.trace_file import load_trace, save_trace
from tests.small_chip_graphs import chain, spikes
from trainers.errors import FileError


@pytest.fixture(scope="module")
def graph() -> ChipGraph:
    """Three populations and a readout."""
    return chain(1, "bias").readout(3).graph(4)


@pytest.fixture(scope="module")
def trace(graph: ChipGraph) -> Trace:
    """Two recorded samples, counted by neuron."""
    images = np.random.default_rng(2).integers(-50, 300, (2, 2, 4, 3))
    return simulate(graph, images, record=True, count_neurons=True)


@pytest.fixture(scope="module")
def weighted(trace: Trace) -> Trace:
    """The same samples on a readout that weights its steps."""
    readout = trace.graph.readout
    assert readout is not None
    graph = replace(trace.graph, readouts=(replace(readout, weights=(1.0, 0.5, 2.0, -1.0)),))
    images = np.random.default_rng(2).integers(-50, 300, (2, 2, 4, 3))
    return simulate(graph, images)


def rewritten(path: Path, trace: Trace, **changes: NDArray[Any] | None) -> Path:
    """The trace's file with some arrays replaced, or left out where None."""
    save_trace(trace, path)
    with np.load(path) as content:
        arrays = dict(content) | changes
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    return path


@pytest.mark.parametrize("recorded", [True, False])
def test_a_trace_survives_its_file(
    recorded: bool, trace: Trace, graph: ChipGraph, tmp_path: Path
) -> None:
    """Every array comes back with its dtype and shape; what wasn't kept or counted stays away."""
    bare = replace(trace, recordings={}, neuron_spikes={}, neuron_active={}, input_writes=4)
    original = trace if recorded else bare
    save_trace(original, tmp_path / "trace.npz")
    loaded = load_trace(tmp_path / "trace.npz", graph)
    assert loaded.populations == original.populations
    assert loaded.graph is graph
    for entry in fields(Trace):
        value = getattr(original, entry.name)
        if isinstance(value, np.ndarray):
            back = getattr(loaded, entry.name)
            assert back.dtype == np.int64
            assert np.array_equal(back, value)
    assert loaded.recordings.keys() == original.recordings.keys()
    for name, states in original.recordings.items():
        for key, values in states.items():
            assert np.array_equal(loaded.recordings[name][key], values)
    for key in ("neuron_spikes", "neuron_active"):
        counts, back = getattr(original, key), getattr(loaded, key)
        assert counts.keys() == back.keys()
        for name, values in counts.items():
            assert back[name].dtype == np.int64
            assert np.array_equal(back[name], values)
    assert loaded.input_writes == original.input_writes


CHANGED = {
    "no format": ({"format": None}, "no array 'format'"),
    "earlier format": ({"format": np.array(1)}, "isn't a trace of format 2. Simulate again."),
    "later format": ({"format": np.array(3)}, "isn't a trace of format 2"),
    "format of another kind": ({"format": np.array(["2"])}, "isn't a trace of format 2"),
    "writes at odd times": ({"input_writes": np.array(3)}, "'input_writes' holds 3, expected 1"),
    "several writes": ({"input_writes": np.array([1, 1])}, r"'input_writes' has shape \(2,\)"),
    "missing counts": ({"wraps": None}, "no array 'wraps'"),
    "float counts": ({"spikes": np.zeros((2, 4, 4))}, "'spikes' has dtype float64"),
    "narrow counts": ({"spikes": np.zeros((2, 4, 4), np.int32)}, "'spikes' has dtype int32"),
    "flat counts": ({"spikes": np.zeros(2, int)}, r"'spikes' has shape \(2,\)"),
    "other steps": ({"synops": np.zeros((2, 5, 4), int)}, r"'synops' has shape \(2, 5, 4\)"),
    "other samples": ({"readout": np.zeros((3, 3), int)}, r"expected \(2, 3\)"),
    "other names": ({"populations": np.array(["a", "b", "c", "d"])}, "populations a, b, c, d"),
    "other sizes": ({"neurons": np.array([1, 2, 3, 4])}, r"\[1, 2, 3, 4\] neurons"),
    "torn recording": ({"v/p1": np.zeros((2, 1, 5), np.int32)}, r"'v/p1' has shape \(2, 1, 5\)"),
    "wide recording": ({"s/p1": np.zeros((2, 4, 5), np.int64)}, r"'s/p1' has dtype int64"),
}


@pytest.mark.parametrize("case", CHANGED.values(), ids=CHANGED.keys())
def test_foreign_arrays_are_refused(
    case: tuple[dict[str, Any], str], trace: Trace, graph: ChipGraph, tmp_path: Path
) -> None:
    """The message names the file, the array and what was expected."""
    changes, message = case
    path = rewritten(tmp_path / "trace.npz", trace, **changes)
    with pytest.raises(FileError, match=message) as raised:
        load_trace(path, graph)
    assert "\n" not in str(raised.value)


def test_readout_voltages_per_step_survive_the_file(weighted: Trace, tmp_path: Path) -> None:
    """Only a weighted readout has the array, and logits from the file are the trace's."""
    save_trace(weighted, tmp_path / "trace.npz")
    loaded = load_trace(tmp_path / "trace.npz", weighted.graph)
    assert loaded.readout_steps is not None
    assert weighted.readout_steps is not None
    assert loaded.readout_steps.dtype == np.int64
    assert np.array_equal(loaded.readout_steps, weighted.readout_steps)
    assert np.array_equal(chip_logits(loaded), chip_logits(weighted))


def test_an_unweighted_trace_has_no_voltages_per_step(
    trace: Trace, graph: ChipGraph, tmp_path: Path
) -> None:
    """Files look as they did before there were weights."""
    save_trace(trace, tmp_path / "trace.npz")
    with np.load(tmp_path / "trace.npz") as content:
        assert "readout_steps" not in content
    assert load_trace(tmp_path / "trace.npz", graph).readout_steps is None


STEP_VOLTAGES = {
    "missing": (None, r"'readout_steps' has shape nothing, expected \(2, 4, 3\)"),
    "few steps": (np.zeros((2, 3, 3), int), r"'readout_steps' has shape \(2, 3, 3\)"),
    "float": (np.zeros((2, 4, 3)), "'readout_steps' has dtype float64"),
    "another end": (np.zeros((2, 4, 3), int), "doesn't end in the voltages of 'readout'"),
}


@pytest.mark.parametrize("case", STEP_VOLTAGES.values(), ids=STEP_VOLTAGES.keys())
def test_damaged_voltages_per_step_are_refused(
    case: tuple[NDArray[Any] | None, str], weighted: Trace, tmp_path: Path
) -> None:
    """They must be there, fit the network, and end where the readout ends."""
    array, message = case
    path = rewritten(tmp_path / "trace.npz", weighted, readout_steps=array)
    with pytest.raises(FileError, match=message) as raised:
        load_trace(path, weighted.graph)
    assert "\n" not in str(raised.value)


def test_a_trace_without_steps_is_refused(weighted: Trace, tmp_path: Path) -> None:
    """Arrays that agree on T = 0 hold no voltage to end in."""
    empty = {name: np.zeros((2, 0, 4), int) for name in COUNTS}
    path = rewritten(
        tmp_path / "trace.npz", weighted, readout_steps=np.zeros((2, 0, 3), int), **empty
    )
    with pytest.raises(FileError, match="doesn't end in the voltages of 'readout'"):
        load_trace(path, weighted.graph)


def test_a_weighted_trace_of_an_unweighted_network_is_refused(
    weighted: Trace, graph: ChipGraph, tmp_path: Path
) -> None:
    """Its voltages per step would never be used."""
    save_trace(weighted, tmp_path / "trace.npz")
    with pytest.raises(FileError, match="the network doesn't weight its steps"):
        load_trace(tmp_path / "trace.npz", graph)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_truncated_files_are_refused(
    share: float, trace: Trace, graph: ChipGraph, tmp_path: Path
) -> None:
    """A file that lacks its end is never half a trace."""
    path = tmp_path / "trace.npz"
    save_trace(trace, path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(FileError, match=r"isn't a readable \.npz"):
        load_trace(path, graph)


@settings(
    deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(damage=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255))))
def test_damaged_bytes_never_escape(
    damage: list[tuple[float, int]], trace: Trace, graph: ChipGraph, tmp_path: Path
) -> None:
    """Whatever bytes change, the answer is a trace or one line."""
    path = tmp_path / "trace.npz"
    if not path.exists():
        save_trace(trace, path)
        (tmp_path / "whole").write_bytes(path.read_bytes())
    spoiled = bytearray((tmp_path / "whole").read_bytes())
    for place, value in damage:
        spoiled[int(place * len(spoiled))] = value
    path.write_bytes(spoiled)
    try:
        line = load_trace(path, graph).populations[0]
    except FileError as error:
        line = str(error)
    assert "\n" not in line


def test_pickles_are_never_loaded(trace: Trace, graph: ChipGraph, tmp_path: Path) -> None:
    """An array of Python objects could run code when read."""
    hostile = np.array([{"a": 1}], dtype=object)
    path = rewritten(tmp_path / "trace.npz", trace, readout=hostile)
    with pytest.raises(FileError, match="Python objects"):
        load_trace(path, graph)


def by_neuron(trace: Trace, kind: str, name: str, dtype: type = np.uint8) -> NDArray[Any]:
    """Counts as the file has them, to be changed."""
    counts = trace.neuron_spikes if kind == "spikes_of" else trace.neuron_active
    return counts[name].astype(dtype)


def moved(counts: NDArray[Any], by: int) -> NDArray[Any]:
    """One count changed."""
    changed = counts.astype(np.int64)
    at = np.unravel_index(int(np.argmin(changed) if by > 0 else np.argmax(changed)), changed.shape)
    changed[at] += by
    return changed


def damaged_counts(trace: Trace) -> dict[str, tuple[dict[str, Any], str]]:
    """Each with what is said of it."""
    spikes, active = by_neuron(trace, "spikes_of", "p1"), by_neuron(trace, "active_of", "p1")
    negative = by_neuron(trace, "active_of", "p1", np.int64)
    negative[1, 2] = -1
    return {
        "missing": (
            {"spikes_of/p1": None},
            r"'spikes_of/p1' has shape nothing, expected \(4, 30\)",
        ),
        "only spikes": (
            {f"active_of/{name}": None for name in trace.populations},
            "'active_of/input' has shape nothing",
        ),
        "few steps": ({"spikes_of/p1": spikes[1:]}, r"'spikes_of/p1' has shape \(3, 30\)"),
        "flat": ({"active_of/p1": active.ravel()}, r"'active_of/p1' has shape \(120,\)"),
        "float": ({"spikes_of/p1": spikes * 1.0}, "'spikes_of/p1' has dtype float64, expected one"),
        "signed bytes": ({"spikes_of/p1": spikes.astype(np.int8)}, "has dtype int8"),
        "huge type": ({"spikes_of/p1": spikes.astype(np.uint64)}, "has dtype uint64"),
        "negative": ({"active_of/p1": negative}, "holds -1, but in 2 samples"),
        "more than samples": (
            {"active_of/p1": active + np.uint8(3)},
            "'active_of/p1' holds 5, but in 2 samples a neuron can count 0 to 2",
        ),
        "one spike more": (
            {"spikes_of/p1": moved(spikes, 1)},
            "'spikes_of/p1' adds up to .* but 'spikes' to",
        ),
        "one update less": (
            {"active_of/p1": moved(active, -1)},
            "'active_of/p1' adds up to .* but 'active_updates' to",
        ),
        "of a stranger": ({"spikes_of/p9": spikes}, "'spikes_of/p9' is of nothing in this network"),
    }


@pytest.mark.parametrize("case", [
    "missing", "only spikes", "few steps", "flat", "float", "signed bytes", "huge type", "negative",
    "more than samples", "one spike more", "one update less", "of a stranger",
])  # fmt: skip
def test_damaged_counts_by_neuron_are_refused(
    case: str, trace: Trace, graph: ChipGraph, tmp_path: Path
) -> None:
    """They must be whole, possible, and add up to the counts of the populations."""
    changes, message = damaged_counts(trace)[case]
    path = rewritten(tmp_path / "trace.npz", trace, **changes)
    with pytest.raises(FileError, match=message) as raised:
        load_trace(path, graph)
    assert "\n" not in str(raised.value)


def test_counts_of_an_external_input_are_kept(tmp_path: Path) -> None:
    """It is no population, so it has spikes and no updates."""
    graph = chain(3).graph(4)
    trace = simulate(graph, spikes(4, 5, 4, 2, 4, 3), count_neurons=True)
    save_trace(trace, tmp_path / "trace.npz")
    loaded = load_trace(tmp_path / "trace.npz", graph)
    assert np.array_equal(loaded.neuron_spikes["input"], trace.neuron_spikes["input"])
    assert set(loaded.neuron_active) == {"p0", "p1"}
    with np.load(tmp_path / "trace.npz") as content:
        assert content["spikes_of/input"].dtype == np.uint8


def test_counts_by_neuron_take_the_smallest_type(tmp_path: Path) -> None:
    """One byte up to 255 samples, two beyond."""
    graph = chain(1, "bias").graph(1)
    for samples, dtype in ((255, np.uint8), (256, np.uint16)):
        images = np.full((samples, 2, 4, 3), 350)
        trace = simulate(graph, images, count_neurons=True)
        save_trace(trace, tmp_path / "trace.npz")
        with np.load(tmp_path / "trace.npz") as content:
            assert content["spikes_of/input"].dtype == content["active_of/input"].dtype == dtype
        loaded = load_trace(tmp_path / "trace.npz", graph)
        assert loaded.neuron_spikes["input"].tolist() == [[samples] * 24]
