"""A test set far larger than the memory in use: inputs are read, probes written part by part."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from export.chip.graph import ChipGraph, ChipInput, DenseProjection
from export.chip.netx_write import write_netx
from tests.small_chip_graphs import population
from trainers.npz_writer import npz_writer

SAMPLES, STEPS, SOURCES, NEURONS = 5_000, 20, 4_000, 400
"""400 MB of inputs, 360 MB of probes."""

GROWTH_BYTES = 150 << 20
CHUNK = 100

MEASURED = """
import json, re, sys
from pathlib import Path
from hwsim.pipeline.foreign_file import FileSimulation, simulate_file

def run(inputs, output, **asked):
    simulation = FileSimulation(Path(sys.argv[1]), Path(inputs), output=Path(output), **asked)
    return simulate_file(simulation, lambda line: None)

def peak():
    # Not getrusage's, which a process inherits from the one that started it.
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", status).group(1)) << 10

few = dict(probes=("all",), limit=100)
run(sys.argv[2], sys.argv[3] + "/few", **few)
before = peak()
trace = run(sys.argv[2], sys.argv[3] + "/all", probes=("all",))
print(json.dumps([before, peak(), int(trace.spikes.sum())]))
"""


def inputs_of(sample: int) -> NDArray[np.uint8]:
    """Spikes of so many samples from one on."""
    drawn = np.random.default_rng(sample).integers(0, 8, (CHUNK, STEPS, SOURCES), np.uint8)
    spikes: NDArray[np.uint8] = (drawn == 0).astype(np.uint8)
    return spikes


@pytest.mark.slow
@pytest.mark.parametrize("compressed", [False, True])
def test_memory_stays_bounded(tmp_path: Path, compressed: bool) -> None:
    """400 MB of inputs and 360 MB of probes in 150 MB more than the first 100 samples took."""
    weight = np.random.default_rng(5).integers(-20, 30, (NEURONS, SOURCES))
    graph = ChipGraph(
        ChipInput("input", "spikes", (SOURCES,)),
        (population("p", (NEURONS,), threshold=9_000),),
        (DenseProjection("input", "p", weight),),
    )
    write_netx(graph, tmp_path / "own.net")
    path, shape = tmp_path / "in.npz", (SAMPLES, STEPS, SOURCES)
    parts = (inputs_of(start) for start in range(0, SAMPLES, CHUNK))
    if compressed:
        with npz_writer(path) as writer:
            writer.add("inputs", shape, np.uint8, parts)
    else:
        stored = np.lib.format.open_memmap(tmp_path / "inputs.npy", "w+", np.uint8, shape)
        for start, part in zip(range(0, SAMPLES, CHUNK), parts, strict=True):
            stored[start : start + CHUNK] = part
        np.savez(path, inputs=stored)
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(tmp_path / "own.net"), str(path), str(tmp_path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    before, after, spikes = json.loads(done.stdout)
    assert after - before < GROWTH_BYTES, f"{(after - before) / 2**20:.0f} MB"
    with np.load(tmp_path / "all" / "probes.npz") as found:
        fired = found["p.s"]
        assert fired.shape == (SAMPLES, STEPS, NEURONS)
        assert int(fired.sum()) == spikes > SAMPLES
    assert {path.name for path in tmp_path.iterdir()} <= {
        "own.net", "in.npz", "inputs.npy", "few", "all"
    }  # fmt: skip
