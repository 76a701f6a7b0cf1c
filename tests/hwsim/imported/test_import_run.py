"""`spikeport import`, then simulate, report and export on the folder it makes."""

import json
from importlib.util import find_spec
from pathlib import Path

import nir
import numpy as np
import pytest

from export.chip.chip_file import read_chip
from export.executor import run_graph
from export.nir_file import read_nir, write_nir
from hwsim.engine.trace_file import load_trace
from tests.conftest import Command
from tests.frozen_networks import conv_network

DT = 1e-4


def braille() -> Path:
    """A recurrent CubaLIF network that snnTorch wrote, from Norse's own tests."""
    found = find_spec("norse")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "torch/utils/test/braille.nir"


def spikes_file(path: Path, *shape: int, seed: int = 0) -> Path:
    """Random spikes with labels 0..2."""
    rng = np.random.default_rng(seed)
    drawn = (rng.random(shape) < 0.3).astype(np.float32)
    np.savez(path, inputs=drawn, labels=rng.integers(0, 3, shape[0]))
    return path


def written(path: Path, *, r: float = 1.0, tau: float = 1e-3) -> Path:
    """Affine, LIF, Affine as anybody may write it."""
    rng = np.random.default_rng(1)
    lif = nir.LIF(
        tau=np.full(8, tau), r=np.full(8, r), v_leak=np.zeros(8), v_threshold=np.full(8, 0.05)
    )
    nodes = {
        "input": nir.Input({"input": np.array([6])}),
        "fc": nir.Affine(rng.normal(size=(8, 6)), np.zeros(8)),
        "lif": lif,
        "out": nir.Affine(rng.normal(size=(3, 8)), np.zeros(3)),
        "output": nir.Output({"output": np.array([3])}),
    }
    edges = [("input", "fc"), ("fc", "lif"), ("lif", "out"), ("out", "output")]
    nir.write(path, nir.NIRGraph(nodes, edges))
    return path


def test_braille_goes_through(spikeport: Command, tmp_path: Path) -> None:
    """A flat loop, dots in names, spikes at the output: import, simulate and report."""
    folder, inputs = tmp_path / "run", spikes_file(tmp_path / "in.npz", 5, 60, 12)
    done = spikeport("import", braille(), "--assume", "snntorch", "--inputs", inputs, "-o", folder)
    assert done.code == 0, done.err
    assert "lif1.lif: CubaLIF of 38, decay 0.9, synapse decay 0.55" in done.out
    assert "no chip file: NIR node 'lif1.lif': a spike resets v minus the threshold" in done.out
    assert spikeport("simulate", folder).code == 0
    reported = spikeport("report", folder)
    assert reported.code == 0, reported.err
    run = run_graph(read_nir(folder / "model.nir"), np.load(inputs)["inputs"])
    report = json.loads((folder / "report.json").read_text())
    rows = {row["name"]: row for row in report["layers"]}
    assert report["network"]["synapses"] == 12 * 38 + 38 * 38 + 38 * 7
    for name, spikes in run.spikes.items():
        assert rows[name]["spikes_per_inference"] == pytest.approx(spikes.sum() / 5)
        assert spikes.any()
    assert "float executor" in report["no_chip_equivalent"]
    assert "float executor" in (folder / "report.html").read_text()


def test_synaptic_operations_are_the_weights_that_spikes_met(
    spikeport: Command, tmp_path: Path
) -> None:
    """By hand: an input spike meets 38 weights, a spike of lif1 its 38 recurrent ones and 7."""
    folder, inputs = tmp_path / "run", spikes_file(tmp_path / "in.npz", 4, 50, 12)
    spikeport("import", braille(), "--assume", "snntorch", "--inputs", inputs, "-o", folder)
    spikeport("simulate", folder)
    given = np.load(inputs)["inputs"]
    run = run_graph(read_nir(folder / "model.nir"), given)
    first = run.spikes["lif1.lif"]
    with np.load(folder / "spikes.npz") as counts:
        assert counts["layers"].tolist() == [b"lif1.lif", b"lif2"]
        assert counts["synops"].sum(axis=(0, 1)).tolist() == [
            38 * (given.sum() + first.sum()),
            7 * first.sum(),
        ]


def test_hard_reset_gets_a_chip_file(spikeport: Command, tmp_path: Path) -> None:
    """Spikes in, LIF with hard reset: chip.net, emulated and costed, exported to ONNX."""
    folder, inputs = tmp_path / "run", spikes_file(tmp_path / "in.npz", 6, 20, 6)
    file = written(tmp_path / "a.nir")
    done = spikeport("import", file, "--dt", DT, "--inputs", inputs, "-o", folder)
    assert done.code == 0, done.err
    assert "chip file, input form spikes: chip.net" in done.out
    assert "in the emulator" in spikeport("simulate", folder).out
    trace = load_trace(folder / "trace.npz", read_chip(folder / "chip.net"))
    assert {"fc", "lif"} & trace.neuron_active.keys()
    for name, counts in trace.neuron_active.items():
        column = trace.populations.index(name)
        assert counts.sum() == trace.active_updates[:, :, column].sum()
        assert len(trace.recordings[name]["s"]) == 3
    assert spikeport("report", folder, "--chip", "loihi2").code == 0
    report = json.loads((folder / "report.json").read_text())
    assert report["energy_j"]["total"] > 0
    assert report["accuracy"]["chip"] is not None
    assert spikeport("export", folder, "--target", "onnx").code == 0
    assert (folder / "model.onnx").is_file()


def test_images_without_labels(spikeport: Command, tmp_path: Path) -> None:
    """Static analog inputs and no labels: T is asked for, and no accuracy is claimed."""
    np.savez(tmp_path / "in.npz", inputs=np.random.default_rng(0).random((4, 6)))
    file, folder = written(tmp_path / "a.nir"), tmp_path / "run"
    asked = ("import", file, "--dt", DT, "--inputs", tmp_path / "in.npz", "-o", folder)
    refused = spikeport(*asked)
    assert refused.code == 2
    assert "--steps" in refused.err
    assert spikeport(*asked, "--steps", 12).code == 0
    assert spikeport("simulate", folder).code == 0
    assert spikeport("report", folder).code == 0
    report = json.loads((folder / "report.json").read_text())
    assert report["accuracy"]["frozen"] is None
    assert report["network"]["time_steps"] == 12


def test_our_own_file_needs_nothing(spikeport: Command, tmp_path: Path) -> None:
    """A frozen network says dt, steps and readout itself, and stays what it was."""
    write_nir(conv_network(), tmp_path / "own.nir")
    np.savez(tmp_path / "in.npz", inputs=np.random.default_rng(0).random((3, 1, 8, 8)))
    asked = ("import", tmp_path / "own.nir", "--inputs", tmp_path / "in.npz", "-o", tmp_path / "r")
    assert spikeport(*asked, "--dt", 1).code == 2
    assert spikeport(*asked).code == 0
    before, after = read_nir(tmp_path / "own.nir"), read_nir(tmp_path / "r" / "model.nir")
    assert before.metadata == after.metadata
    assert (tmp_path / "r" / "chip.net").is_file()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ((), "--assume"),
        (("--assume", "euler"), "--dt"),
        (("--assume", "brian"), "brian"),
        (("--dt", "-1"), "--dt"),
        (("--dt", "1"), "shorter than dt"),
    ],
)
def test_what_is_open_is_asked_for(
    spikeport: Command, tmp_path: Path, options: tuple[str, ...], named: str
) -> None:
    """One line that names the option, exit code 2, and no folder."""
    file, folder = written(tmp_path / "a.nir", r=10.0), tmp_path / "deep" / "run"
    refused = spikeport("import", file, "--steps", 5, "-o", folder, *options)
    assert refused.code == 2
    assert named in refused.err
    assert refused.err.count("\n") == 1
    assert not folder.exists()
    assert not list(tmp_path.glob("**/.run*"))


def test_the_question_names_who_could_have_written_it(spikeport: Command, tmp_path: Path) -> None:
    """R = tau/dt at 1e-4 fits snnTorch and SpikingJelly, not Norse or Sinabs."""
    refused = spikeport("import", written(tmp_path / "a.nir", r=10.0), "-o", tmp_path / "r")
    assert "--assume snntorch (dt 0.0001 s)" in refused.err
    assert "--assume spikingjelly" in refused.err
    assert "norse" not in refused.err
    assert "sinabs" not in refused.err


@pytest.mark.parametrize("content", [b"", b"not HDF5 at all", b"\x89HDF\r\n\x1a\n" + bytes(500)])
def test_bad_files_leave_nothing(spikeport: Command, tmp_path: Path, content: bytes) -> None:
    """One line, exit code 2, no folder."""
    (tmp_path / "bad.nir").write_bytes(content)
    refused = spikeport("import", tmp_path / "bad.nir", "--dt", DT, "-o", tmp_path / "run")
    assert refused.code == 2
    assert refused.err.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_a_folder_in_use_is_left_alone(spikeport: Command, tmp_path: Path) -> None:
    """An import never overwrites."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine").write_text("x")
    refused = spikeport("import", written(tmp_path / "a.nir"), "--dt", DT, "-o", tmp_path / "run")
    assert refused.code == 2
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["mine"]


@pytest.mark.parametrize(
    "command", [("export", "--target", "chip"), ("simulate", "--probe", "all")]
)
def test_what_needs_a_training_or_a_chip_is_refused(
    spikeport: Command, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """By name, with exit code 2."""
    folder, inputs = tmp_path / "run", spikes_file(tmp_path / "in.npz", 2, 10, 12)
    spikeport("import", braille(), "--assume", "snntorch", "--inputs", inputs, "-o", folder)
    refused = spikeport(command[0], folder, *command[1:])
    assert refused.code == 2
    assert refused.err.count("\n") == 1
