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
from tests.small_chip_graphs import chain
from trainers.errors import FileError


@pytest.fixture(scope="module")
def graph() -> ChipGraph:
    """Three populations and a readout."""
    return chain(1, "bias").readout(3).graph(4)


@pytest.fixture(scope="module")
def trace(graph: ChipGraph) -> Trace:
    """Two recorded samples."""
    images = np.random.default_rng(2).integers(-50, 300, (2, 2, 4, 3))
    return simulate(graph, images, record=True)


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
    """Every array comes back with its dtype and shape, recordings only where there were any."""
    original = trace if recorded else replace(trace, recordings={})
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


CHANGED = {
    "no format": ({"format": None}, "no array 'format'"),
    "later format": ({"format": np.array(2)}, "isn't a trace of format 1"),
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
