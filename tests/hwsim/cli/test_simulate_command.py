"""`spikeport simulate`: what a user types, and what is said of it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from export.chip.chip_file import read_chip
from export.chip.netx_write import write_netx
from export.samples import read_samples
from hwsim.engine.simulate import simulate
from hwsim.pipeline import probe_run, simulate_stage
from hwsim.pipeline.scratch_arrays import ScratchArrays
from tests.conftest import Command
from tests.small_chip_graphs import chain, spikes


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A chip file; its inputs lie beside it."""
    write_netx(chain(3).graph(), tmp_path / "own.net")
    np.savez(tmp_path / "in.npz", inputs=spikes(4, 9, 6, 2, 4, 3))
    return tmp_path / "own.net"


def test_a_file_with_probes(spikeport: Command, file: Path) -> None:
    """Both files are named, and the time of the probes; they lie where -o says."""
    folder = file.with_name("results")
    outcome = spikeport(
        "simulate", file, "--inputs", file.with_name("in.npz"), "--probe", "p1.v", "--probe",
        "p0.s", "--samples", "0:8", "--device", "cpu", "-o", folder,
    )  # fmt: skip
    assert (outcome.code, outcome.err) == (0, "")
    assert "p1: 5 neurons" in outcome.out
    assert f"probes over 6 chip steps: {folder / 'probes.npz'}" in outcome.out
    assert f"trace of 9 samples: {folder / 'trace.npz'}" in outcome.out
    assert "on real silicon: Neurons have no refractory period" in outcome.out
    with np.load(folder / "probes.npz") as found:
        assert list(found) == ["p0.s", "p1.v", "samples", "time"]
        assert found["p1.v"].shape == (8, 6, 5)


def test_a_run_folder_with_probes(spikeport: Command, digits_run: Path) -> None:
    """The stage is up to date; the probes are those samples' own windows."""
    outcome = spikeport("simulate", digits_run, "--probe", "all", "--samples", "3:5")
    assert (outcome.code, outcome.err) == (0, "")
    told, skipped = outcome.out.splitlines()
    assert skipped == "simulate  up to date, skipped"
    assert told == f"probes    in each population's window: {digits_run / 'probes.npz'}"
    graph, samples = read_chip(digits_run / "chip.net"), read_samples(digits_run / "samples.npz")
    assert samples.chip_inputs is not None
    right = simulate(graph, samples.chip_inputs[3:5], record=True)
    with np.load(digits_run / "probes.npz") as found:
        assert found["time"] == "window"
        assert found["samples"].tolist() == [3, 4]
        for population in graph.populations:
            for state in "suv":
                values = found[f"{population.name}.{state}"]
                assert np.array_equal(values, right.recordings[population.name][state])
        assert len(found.files) == 3 * len(graph.populations) + 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--probe", "p9.v"), "--probe p9.v: no population 'p9', only p0, p1"),
        (("--probe", "p0.x"), "population 'p0' has no state 'x', only u, v, s"),
        (("--probe", "all", "--samples", "0:99"), "--samples 0:99: there are 9 samples"),
        (("--samples", "0:3"), "--samples: chooses what is probed. Add --probe"),
        (("--input-form", "analogue"), "--input-form analogue: unknown"),
        (("--reset", "never"), "--reset never: unknown. Choose none or staggered"),
        (("--backend", "brian"), "--backend brian: unknown. Choose emulator or lava"),
        (("--device", "tpu"), "device 'tpu'"),
        (("--chip", "loihi9"), "chip 'loihi9'"),
        (("--steps", "3"), "6 steps, but steps = 3"),
    ],
)
def test_refusals(spikeport: Command, file: Path, options: tuple[str, ...], words: str) -> None:
    """One line each, and no file."""
    before = set(file.parent.iterdir())
    outcome = spikeport("simulate", file, "--inputs", file.with_name("in.npz"), *options)
    assert outcome.code == 2
    (line,) = outcome.err.splitlines()
    assert words in line
    assert set(file.parent.iterdir()) == before


@pytest.mark.parametrize(
    "option",
    [("--inputs", "in.npz"), ("--input-form", "bias"), ("--steps", "3"), ("--reset", "none"),
     ("-o", "out")],
)  # fmt: skip
def test_options_of_files_only(spikeport: Command, tmp_path: Path, option: tuple[str, str]) -> None:
    """A run folder knows its samples, form and steps."""
    outcome = spikeport("simulate", tmp_path, *option)
    assert outcome.code == 2
    assert "goes with a FILE; a run folder has its own samples.npz" in outcome.err


def test_probes_are_refused_before_anything_runs(
    spikeport: Command, digits_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the stage would refuse afterwards: an unknown chip, and one without the input's form."""

    def nothing(*_: object, **__: object) -> None:
        raise AssertionError("something was emulated")

    chip = read_chip(digits_run / "chip.net")
    graded = replace(chip, input=replace(chip.input, form="graded"))
    monkeypatch.setattr(probe_run, "Emulation", nothing)
    monkeypatch.setattr(probe_run, "read_chip", lambda path: graded)
    for name, words in (("loihi9", "chip 'loihi9'"), ("loihi1", "has no input form 'graded'")):
        outcome = spikeport("simulate", digits_run, "--probe", "all", "--chip", name)
        assert outcome.code == 2
        (line,) = outcome.err.splitlines()
        assert words in line


def test_a_run_folder_that_is_read_only(
    spikeport: Command, digits_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As another process's may be: what doesn't fit in memory goes to the system's own folder."""
    seen: list[Path] = []

    def placed(folder: Path) -> ScratchArrays:
        seen.append(folder)
        return ScratchArrays(folder)

    for module in (probe_run, simulate_stage):
        monkeypatch.setattr(module, "scratch_folder", lambda folder: tmp_path)
        monkeypatch.setattr(module, "ScratchArrays", placed)
    (digits_run / "trace.npz").unlink()
    outcome = spikeport("simulate", digits_run, "--probe", "all", "--samples", "0:2")
    assert (outcome.code, outcome.err) == (0, "")
    assert seen == [tmp_path, tmp_path]
