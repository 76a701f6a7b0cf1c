"""The chip's accuracy comes from its logits, however its readout is read; Lava judges the rest."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from export.chip.graph import ChipGraph, IntArray
from export.chip.netx_write import write_netx
from export.samples import Samples, write_samples
from hwsim.engine import trace_file
from hwsim.engine.readout import chip_logits
from hwsim.engine.simulate import simulate
from hwsim.engine.trace_file import load_trace
from hwsim.errors import SimulationError
from hwsim.pipeline import lava_check, simulate_stage
from hwsim.pipeline.foreign_file import FileSimulation, simulate_file
from hwsim.pipeline.lava_check import LavaCheck
from hwsim.pipeline.pipeline import run_stage
from hwsim.pipeline.run_folder import RunFolder
from hwsim.pipeline.simulate_stage import chip_accuracy
from hwsim.pipeline.stage import Context, Stage
from tests.small_chip_graphs import chain
from trainers.errors import FileError
from trainers.npz_rows import RowsInFile, open_rows
from trainers.recipe import parse_recipe

WEIGHTS = (-2.0, 1.0, -1.0, 0.25)
IMAGES = np.random.default_rng(6).integers(-50, 300, (30, 2, 4, 3))


@pytest.fixture
def graph() -> ChipGraph:
    """A readout that weights its steps."""
    plain = chain(5, "bias").readout(3).graph(4)
    assert plain.readout is not None
    return replace(plain, readouts=(replace(plain.readout, weights=WEIGHTS),))


def classes(graph: ChipGraph) -> IntArray:
    """What the weighted currents say, from recorded voltages."""
    v = simulate(graph, IMAGES, record=True).recordings["p3"]["v"]
    currents = np.diff(v, axis=1, prepend=0)
    answers: IntArray = np.einsum("t,ntc->nc", np.array(WEIGHTS), currents).argmax(axis=1)
    return answers


@contextmanager
def on_disk(folder: Path, inputs: IntArray) -> Iterator[RowsInFile]:
    """The inputs as a run folder gives them."""
    np.savez(folder / "inputs.npz", chip_inputs=inputs)
    with open_rows(folder / "inputs.npz", "chip_inputs", scratch=folder) as rows:
        yield rows


def test_accuracy_follows_the_weights(graph: ChipGraph) -> None:
    """Labels that the weighted logits point at are right; the last voltage points elsewhere."""
    labels = classes(graph)
    trace = simulate(graph, IMAGES)
    assert chip_accuracy(trace, labels) == 1.0
    assert (trace.readout.argmax(axis=1) == labels).mean() < 0.8
    assert (chip_logits(trace).argmax(axis=1) == labels).all()


def test_more_labels_than_samples(graph: ChipGraph) -> None:
    """A limited simulation is held to the first labels."""
    labels = classes(graph)
    trace = simulate(graph, IMAGES[:7])
    assert chip_accuracy(trace, np.concatenate((labels[:7], (labels[7:] + 1) % 3))) == 1.0


def test_a_file_without_readout_has_no_accuracy(graph: ChipGraph) -> None:
    """Output spikes are all there is."""
    trace = simulate(replace(graph, readouts=()), IMAGES)
    with pytest.raises(SimulationError, match="names no readout population"):
        chip_accuracy(trace, np.zeros(30, dtype=np.int64))


@pytest.mark.parametrize("lava", [False, True])
def test_a_weighted_file_outside_a_run(graph: ChipGraph, lava: bool, tmp_path: Path) -> None:
    """Predicted classes are the weighted ones, and the trace beside the file holds each step."""
    net, said = tmp_path / "chip.net", list[str]()
    write_netx(graph, net)
    np.savez(tmp_path / "inputs.npz", chip_inputs=IMAGES[:6])
    simulate_file(FileSimulation(net, tmp_path / "inputs.npz", lava=lava), said.append)
    assert f"predicted classes: {classes(graph)[:6].tolist()}" in said
    back = load_trace(tmp_path / "chip.trace.npz", graph)
    assert back.readout_steps is not None
    assert back.readout_steps.shape == (6, 4, 3)


def test_lava_judges_part_by_part(
    graph: ChipGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a graph that isn't the file's, the last part's voltages are found to differ too."""
    monkeypatch.setattr(lava_check, "PART_BYTES", 1)
    net = tmp_path / "chip.net"
    write_netx(graph, net)
    with on_disk(tmp_path, IMAGES[:2]) as inputs:
        check = LavaCheck(net, graph, log=tmp_path / "lava.log")
        check.run(inputs)
        assert (tmp_path / "lava.log").is_file()
        *hidden, last = graph.populations
        changed = replace(graph, populations=(*hidden, replace(last, bias=last.bias + 1)))
        with pytest.raises(SimulationError, match=r"the emulator and Lava differ .* 'p3', v of"):
            replace(check, graph=changed).run(inputs.part(slice(1, 2)))


@pytest.fixture
def context(graph: ChipGraph, tmp_path: Path) -> Context:
    """Of an exported run with 30 test samples."""
    folder = RunFolder(tmp_path)
    document = {
        "data": {"name": "digits"},
        "network": {"name": "mlp", "hidden": [8]},
        "method": {"use": ["baseline"]},
        "train": {"time_steps": 4, "epochs": 1},
        "export": {"targets": ["chip"]},
    }
    write_netx(graph, folder.chip)
    nothing = np.zeros((30, 2, 4, 3), dtype=np.float32)
    samples = Samples(nothing, classes(graph), np.zeros((30, 3)), chip_inputs=IMAGES)
    write_samples(folder.samples, samples)
    return Context(folder, parse_recipe(document, "tiny"), "cpu", None, False, lambda line: None)


def test_a_run_counts_by_neuron_and_records_the_raster(context: Context, graph: ChipGraph) -> None:
    """All samples are counted; spikes of the first three are kept, and no voltages."""
    assert simulate_stage.make(context) == [context.folder.trace]
    trace = load_trace(context.folder.trace, graph)
    whole = simulate(graph, IMAGES, record=True, count_neurons=True)
    for name in trace.populations:
        assert np.array_equal(trace.neuron_spikes[name], whole.neuron_spikes[name])
        assert np.array_equal(trace.neuron_active[name], whole.neuron_active[name])
        assert trace.recordings[name].keys() == {"s"}
        assert np.array_equal(trace.recordings[name]["s"], whole.recordings[name]["s"][:3])


def test_a_limit_below_the_raster(context: Context, graph: ChipGraph) -> None:
    """Two samples have two rasters."""
    table = context.recipe.simulate.model_copy(update={"limit": 2})
    recipe = context.recipe.model_copy(update={"simulate": table})
    simulate_stage.make(replace(context, recipe=recipe))
    trace = load_trace(context.folder.trace, graph)
    assert len(trace.recordings["p1"]["s"]) == trace.samples == 2


def test_a_trace_of_another_version_is_made_again(
    context: Context, graph: ChipGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run folder that an older version simulated counts as out of date, once."""
    said = list[str]()
    context = replace(context, say=said.append)
    stage = Stage("simulate", simulate_stage.inputs, simulate_stage.make)
    with monkeypatch.context() as older:
        older.setattr(simulate_stage, "FORMAT", 1)
        older.setattr(trace_file, "FORMAT", 1)
        run_stage(stage, context)
    with pytest.raises(FileError, match=r"isn't a trace of format 2\. Simulate again"):
        load_trace(context.folder.trace, graph)
    said.clear()
    run_stage(stage, context)
    assert "30 samples on emulator" in said[0]
    assert load_trace(context.folder.trace, graph).samples == 30
    said.clear()
    run_stage(stage, context)
    assert said == ["simulate  up to date, skipped"]


def test_a_file_from_elsewhere_is_not_counted_by_neuron(graph: ChipGraph, tmp_path: Path) -> None:
    """Nobody costs it, so its trace stays small."""
    net = tmp_path / "chip.net"
    write_netx(graph, net)
    np.savez(tmp_path / "inputs.npz", chip_inputs=IMAGES[:6])
    simulate_file(FileSimulation(net, tmp_path / "inputs.npz"), lambda line: None)
    back = load_trace(tmp_path / "chip.trace.npz", graph)
    assert back.neuron_spikes == back.neuron_active == back.recordings == {}
