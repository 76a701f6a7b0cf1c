"""A chip file from elsewhere: probes are what Lava and a slow oracle show, in file order."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from export.chip.chip_file import write_chip
from export.chip.graph import ChipGraph, IntArray
from export.chip.netx_write import write_netx
from hwsim.engine.simulate import simulate
from hwsim.engine.trace_file import load_trace
from hwsim.errors import SimulationError
from hwsim.lava.chip_job import file_job
from hwsim.lava.runner import run_lava_jobs
from hwsim.pipeline import foreign_file
from hwsim.pipeline.foreign_file import FileSimulation, simulate_file
from hwsim.pipeline.scratch_arrays import ScratchArrays
from tests.chip_oracle import run
from tests.foreign_netx import CONV, DENSE, FLATTEN, INPUT, changed, netx
from tests.full_disk import full_disk
from tests.small_chip_graphs import chain, diamond, skip, spikes
from trainers.errors import FileError
from trainers.npz_file import write_npz

Probes = dict[str, NDArray[Any]]
INPUTS = spikes(3, 5, 6, 2, 4, 3)


def asked(folder: Path, inputs: IntArray, name: str = "inputs", **others: Any) -> FileSimulation:
    """FOLDER's only chip file on these inputs."""
    file = next(path for path in folder.iterdir() if path.suffix in (".net", ".h5"))
    write_npz(folder / "in.npz", {name: inputs})
    return FileSimulation(file, folder / "in.npz", output=folder / "out", **others)


def probed(simulation: FileSimulation) -> Probes:
    """The arrays of probes.npz."""
    simulate_file(simulation, lambda line: None)
    with np.load(simulation.result("probes.npz")) as found:
        return dict(found)


def graphs() -> dict[str, tuple[ChipGraph, IntArray]]:
    """A chain, one driven by biases, one with delays, and two that netx can't hold."""
    delayed = chain(4, "graded").dense(3, threshold=70, delay=[[0], [2], [1]]).graph()
    return {
        "chain": (chain(3).graph(), INPUTS),
        "bias": (
            chain(5, "bias").graph(),
            np.random.default_rng(2).integers(-9, 200, (3, 5, 2, 4, 3)),
        ),
        "delayed": (delayed, INPUTS * 7),
        "diamond": (diamond(2), np.random.default_rng(1).integers(0, 90, (4, 5, 6))),
        "skip": (skip(7), spikes(8, 4, 9, 6)),
    }


@pytest.mark.parametrize("name", graphs())
def test_probes_are_the_oracle_s(tmp_path: Path, name: str) -> None:
    """u, v and s of every step t = 1..T, each sample from rest, a step of lag per projection."""
    graph, inputs = graphs()[name]
    write_chip(graph, tmp_path)
    form = graph.input.form if name == "delayed" else None
    found = probed(asked(tmp_path, inputs, probes=("all",), input_form=form))
    order = [f"{p.name}.{state}" for p in graph.populations for state in "suv"]
    assert list(found) == [*order, "samples", "time"]
    assert found["time"] == "chip"
    assert found["samples"].tolist() == list(range(len(inputs)))
    oracle = [run(graph, sample) for sample in inputs]
    for population in graph.populations:
        for state, dtype in (("s", np.uint8), ("u", np.int32), ("v", np.int32)):
            values = found[f"{population.name}.{state}"]
            right = np.stack([getattr(steps, state)[population.name] for steps in oracle])
            assert values.dtype == dtype
            assert np.array_equal(values, right.reshape(values.shape))
            assert values.shape == (*inputs.shape[:2], *population.shape)


def test_probes_are_lava_s(tmp_path: Path) -> None:
    """Lava itself, without resets, on the same file: a chain in netx, and a graph."""
    jobs, found = [], []
    for name in ("chain", "skip"):
        graph, inputs = graphs()[name]
        folder = tmp_path / name
        folder.mkdir()
        jobs.append(file_job(write_chip(graph, folder), graph, inputs[:2], reset="none"))
        found.append(probed(asked(folder, inputs[:2], probes=("all",))))
    for job, probes, lava in zip(jobs, found, run_lava_jobs(jobs), strict=True):
        for population in job.populations:
            for state in "suv":
                right = getattr(lava.layer(population), state)
                assert np.array_equal(probes[f"{population}.{state}"], right)
        assert any(values.any() for key, values in probes.items() if key.endswith(".s"))


def test_some_probes_of_some_samples(tmp_path: Path) -> None:
    """What wasn't asked for isn't there; the trace covers all samples."""
    graph = chain(3).graph(6)
    write_netx(graph, tmp_path / "own.net")
    simulation = asked(tmp_path, INPUTS, probes=("p1.v", "p0.s"), samples="1:3", reset="staggered")
    found = probed(simulation)
    whole = simulate(graph, INPUTS, record=True)
    assert list(found) == ["p0.s", "p1.v", "samples", "time"]
    assert found["time"] == "window"
    assert found["samples"].tolist() == [1, 2]
    assert np.array_equal(found["p1.v"], whole.recordings["p1"]["v"][1:3])
    assert np.array_equal(found["p0.s"], whole.recordings["p0"]["s"][1:3])
    trace = load_trace(simulation.result("trace.npz"), graph)
    assert np.array_equal(trace.synops, whole.synops)
    assert trace.recordings == {}


def test_results_beside_the_file(tmp_path: Path) -> None:
    """Without a folder for them; `chip_inputs` is another name of the inputs, bools are spikes."""
    write_netx(chain(3).graph(6), tmp_path / "own.net")
    simulation = asked(tmp_path, INPUTS.astype(bool), "chip_inputs", limit=2, steps=6)
    simulate_file(replace(simulation, output=None, probes=("p0",)), lambda line: None)
    assert {path.name for path in tmp_path.iterdir()} == {
        "in.npz", "own.net", "own.probes.npz", "own.trace.npz"
    }  # fmt: skip
    with np.load(tmp_path / "own.trace.npz") as trace:
        assert trace["spikes"].shape == (2, 6, 2)


def test_a_file_that_does_not_say_what_it_takes(tmp_path: Path) -> None:
    """Other values than 0 and 1 are refused, with the option that tells what they are."""
    resting = changed(CONV, neuron__refDelay=3)
    netx(tmp_path / "other.net", INPUT, resting, FLATTEN, DENSE)
    simulation, said = asked(tmp_path, INPUTS * 3), list[str]()
    with pytest.raises(SimulationError, match=r"value 3 in form 'spikes'.*--input-form graded"):
        simulate_file(simulation, said.append)
    assert said == []
    simulate_file(replace(simulation, input_form="graded"), said.append)
    assert any("refDelay = 3: Lava ignores it" in line for line in said)
    with pytest.raises(SimulationError, match="'loihi1': has no input form 'graded'"):
        simulate_file(replace(simulation, input_form="graded", chip="loihi1"), said.append)


@pytest.mark.parametrize("probes", [(), ("all",)])
def test_a_full_disk(tmp_path: Path, probes: tuple[str, ...]) -> None:
    """One line, and neither a file nor a part of one."""
    write_netx(chain(3).graph(), tmp_path / "own.net")
    simulation = asked(tmp_path, np.tile(INPUTS, (40, 1, 1, 1, 1)), probes=probes)
    with full_disk(2_000), pytest.raises(FileError, match=r"npz: can't be written"):
        simulate_file(simulation, lambda line: None)
    assert {path.name for path in tmp_path.rglob("*")} == {"in.npz", "own.net", "out"}


def test_no_room_for_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Results that don't fit in memory are refused by the disk before the first step."""
    monkeypatch.setattr(foreign_file, "ScratchArrays", lambda folder: ScratchArrays(folder, 0))
    write_netx(chain(3).graph(), tmp_path / "own.net")
    simulation = asked(tmp_path, np.tile(INPUTS, (40, 1, 1, 1, 1)), probes=("all",))
    with full_disk(2_000), pytest.raises(FileError, match="can't be written"):
        simulate_file(simulation, lambda line: None)
    assert {path.name for path in tmp_path.rglob("*")} == {"in.npz", "own.net"}
    found = probed(simulation)
    assert np.array_equal(found["p0.v"][5:10], found["p0.v"][:5])


def test_ctrl_c_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupted after a batch, with results in files."""
    write_netx(chain(3).graph(), tmp_path / "own.net")
    scratch = ScratchArrays(tmp_path, 0)
    monkeypatch.setattr(foreign_file, "ScratchArrays", lambda folder: scratch)

    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(scratch, "release", interrupt)
    with pytest.raises(KeyboardInterrupt):
        simulate_file(asked(tmp_path, INPUTS, probes=("all",)), lambda line: None)
    assert {path.name for path in tmp_path.rglob("*")} == {"in.npz", "own.net"}


def test_inputs_larger_than_what_is_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are read by rows, so their size has no limit."""
    monkeypatch.setattr("trainers.npz_file.MAX_BYTES", 100)
    write_netx(chain(3).graph(6), tmp_path / "own.net")
    trace = simulate_file(asked(tmp_path, INPUTS), lambda line: None)
    assert trace is not None
    assert trace.samples == len(INPUTS)


def test_lava_s_log_lies_with_the_results(tmp_path: Path) -> None:
    """Where -o says."""
    write_netx(chain(3).graph(6), tmp_path / "own.net")
    simulate_file(asked(tmp_path, INPUTS[:1], lava=True), lambda line: None)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"trace.npz", "lava.log"}
