"""model.schedule.npz: what it shows, that it comes back whole, and what is refused in one line."""

from pathlib import Path
from typing import Any

import nir
import numpy as np
import pytest

from export.errors import InvalidGraph, UnsupportedLayer
from export.executor import run_graph
from export.freezing import freeze
from export.nir_file import write_nir
from export.nir_metadata import read_facts
from export.schedule_file import read_frozen, read_schedule, write_schedule
from tests.frozen_networks import conv_network
from tests.moving_networks import BODIES, adaptive, inputs, scheduled
from tests.other_networks import every_network
from trainers.errors import FileError

Arrays = dict[str, np.ndarray[Any, Any]]


def frozen(kind: str = "schedule", body: str = "convolutions") -> nir.NIRGraph:
    """A network under DS-ATGO or ALIF that keeps its thresholds."""
    network = scheduled(body, 0) if kind == "schedule" else adaptive(body, 0)
    method = ("ds-atgo",) if kind == "schedule" else ("alif",)
    return freeze(network, inputs(), strategy="schedule", method=method)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A valid file."""
    write_schedule(frozen(), tmp_path / "model.schedule.npz")
    return tmp_path / "model.schedule.npz"


def changed(path: Path, **changes: Any) -> None:
    """The file with arrays changed (`__` for '/'), or left out where the change is None."""
    with np.load(path) as file:
        arrays: Arrays = {key: file[key] for key in file.files}
    arrays |= {key.replace("__", "/"): value for key, value in changes.items()}
    kept = {key: value for key, value in arrays.items() if value is not None}
    np.savez(path, **kept)  # type: ignore[arg-type]


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("kind", ["schedule", "adaptation"])
def test_the_network_comes_back(kind: str, body: str, tmp_path: Path) -> None:
    """Facts equal, and the executor runs it to the same spikes and outputs, bit for bit."""
    graph = frozen(kind, body)
    write_schedule(graph, tmp_path / "model.schedule.npz")
    again = read_frozen(tmp_path / "model.schedule.npz")
    assert read_facts(again) == read_facts(graph)
    run, expected = run_graph(again, inputs().numpy()), run_graph(graph, inputs().numpy())
    np.testing.assert_array_equal(run.outputs, expected.outputs)
    for name, spikes in expected.spikes.items():
        np.testing.assert_array_equal(run.spikes[name], spikes)


@pytest.mark.parametrize("name", every_network(samples=2))
def test_any_frozen_network_comes_back(name: str, tmp_path: Path) -> None:
    """Every kind of node that the executor runs, constant thresholds included."""
    graph, samples = every_network(samples=2)[name]
    write_schedule(graph, tmp_path / "model.schedule.npz")
    again = read_schedule(tmp_path / "model.schedule.npz")
    np.testing.assert_array_equal(
        run_graph(again, samples).outputs, run_graph(graph, samples).outputs
    )


def test_numpy_alone_reads_the_thresholds(tmp_path: Path) -> None:
    """In v_threshold's units, by node: what a script without spikeport needs."""
    for kind in ("schedule", "adaptation"):
        graph = frozen(kind)
        write_schedule(graph, tmp_path / f"{kind}.npz")
        with np.load(tmp_path / f"{kind}.npz", allow_pickle=False) as file:
            facts = read_facts(graph)
            assert int(file["format"]) == 1
            assert int(file["time_steps"]) == facts.time_steps
            for node, threshold in facts.thresholds.items():
                v_threshold = graph.nodes[node].v_threshold.flat[0]
                assert float(file[f"value/{node}"]) == v_threshold
                steps = v_threshold * np.array(threshold.per_step) / threshold.value
                np.testing.assert_allclose(file[f"threshold/{node}"], steps, rtol=1e-15)
                if threshold.adaptation is None:
                    assert f"adaptation/{node}" not in file.files
                else:
                    found = file[f"adaptation/{node}"].tolist()
                    assert found == [threshold.adaptation.beta, threshold.adaptation.rho]


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"format": np.array(2)}, FileError, "format 2 is unknown"),
        ({"format": None}, FileError, "no array 'format'"),
        ({"facts": np.array("{}")}, InvalidGraph, "facts, .*Field required"),
        ({"facts": np.array(3)}, FileError, "array 'facts' isn't one text"),
        ({"edges": np.array(["a", "b"])}, FileError, "array 'edges' isn't text"),
        ({"node__l001_lif__type": np.array("NIRGraph")}, FileError, "kind 'NIRGraph'"),
        ({"node__l001_lif__type": None}, FileError, "kind 'None'"),
        ({"node__l001_lif__tau": np.array("slow")}, FileError, "holds <U4, not numbers"),
        ({"node__l001_lif__tau": None}, InvalidGraph, "contradicts itself"),
        ({"node__l001_lif__extra": np.array(1)}, InvalidGraph, "contradicts itself"),
        ({"node__l001_lif__v_reset": np.full((6, 8, 8), np.nan)}, InvalidGraph, "NaN or inf"),
        ({"threshold__l001_lif": np.ones(4)}, InvalidGraph, "array 'threshold/l001_lif' isn't"),
        ({"threshold__l001_lif": np.ones(3)}, InvalidGraph, "array 'threshold/l001_lif' isn't"),
        ({"threshold__l001_lif": None}, InvalidGraph, "array 'threshold/l001_lif' isn't"),
        ({"value__l001_lif": np.array(7.0)}, InvalidGraph, "array 'value/l001_lif' isn't"),
        ({"adaptation__l001_lif": np.ones(2)}, InvalidGraph, "array 'adaptation/l001_lif' isn't"),
        ({"threshold__nobody": np.ones(4)}, InvalidGraph, "array 'threshold/nobody' isn't"),
        ({"time_steps": np.array(5)}, InvalidGraph, "array 'time_steps' isn't"),
    ],
)
def test_damage_is_named(
    written: Path, changes: dict[str, Any], error: type[Exception], said: str
) -> None:
    """The file, the array and what to do, in one line."""
    changed(written, **changes)
    with pytest.raises(error, match=said) as refusal:
        read_schedule(written)
    assert str(refusal.value).startswith(f"{written}")
    assert "\n" not in str(refusal.value)


def test_objects_are_never_unpickled(written: Path) -> None:
    """An array of Python objects could run code."""
    changed(written, facts=np.array({"a": 1}, dtype=object))
    with pytest.raises(FileError, match="Python objects"):
        read_schedule(written)


def test_missing_and_truncated_files_are_refused(written: Path) -> None:
    """As any other file."""
    written.write_bytes(written.read_bytes()[:-200])
    for path in (written, written.with_name("none.npz")):
        with pytest.raises(FileError):
            read_schedule(path)


@pytest.mark.parametrize("kind", ["schedule", "adaptation"])
def test_nir_refuses_what_it_has_no_field_for(kind: str, tmp_path: Path) -> None:
    """Node, layer, strategy, method, target, and what could; nothing is written."""
    with pytest.raises(UnsupportedLayer) as refusal:
        write_nir(frozen(kind), tmp_path / "model.nir")
    message = str(refusal.value)
    method, what = (
        ("ds-atgo", "changes from step to step")
        if kind == "schedule"
        else ("alif", "follows each neuron's own spikes")
    )
    for part in (
        f"node 'l001_lif' (layer '2', threshold strategy schedule, method {method})", what,
        "NIR (target nir)", "targets schedule and onnx",
    ):  # fmt: skip
        assert part in message
    assert "\n" not in message
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_makes_no_key_is_refused(tmp_path: Path) -> None:
    """'/' separates the parts of an array's name."""
    graph = conv_network()
    nodes = {name.replace("l001_lif", "l001/lif"): node for name, node in graph.nodes.items()}
    edges = [tuple(end.replace("l001_lif", "l001/lif") for end in edge) for edge in graph.edges]
    odd = nir.NIRGraph(nodes, edges, metadata=graph.metadata)
    with pytest.raises(UnsupportedLayer, match="node 'l001/lif'"):
        write_schedule(odd, tmp_path / "model.schedule.npz")
    assert list(tmp_path.iterdir()) == []


def test_sizes_that_are_no_list_of_numbers(written: Path) -> None:
    """The shape of the input as a matrix is one line, too."""
    changed(written, node__input__shape=np.ones((1, 8, 8)))
    with pytest.raises(InvalidGraph, match=r"node 'input', input_type 'input': holds float64"):
        read_schedule(written)
