"""What the worker reads and sets inside Lava is what Lava itself reads and sets."""

import os
import subprocess
from pathlib import Path

import numpy as np

from export.chip.graph import IntArray
from export.chip.netx_write import write_netx
from hwsim.lava.chip_job import file_job
from hwsim.lava.environment import WORKER, interpreter, require_lava
from hwsim.lava.job import LavaRun
from hwsim.lava.runner import run_lava, run_lava_jobs
from tests.random_chip_graphs import Chain, integers

SCRIPT = Path(__file__).with_name("lava_own_reading.py")
WINDOW = 5


def officially(folder: Path, inputs: IntArray, mode: str) -> dict[str, IntArray]:
    """`chip.net` run by Lava's own means: u, v and s of every layer and chip step."""
    np.save(folder / "inputs.npy", inputs)
    subprocess.run(
        [interpreter(require_lava().folder), "-I", SCRIPT, WORKER, folder / "chip.net", folder,
         str(WINDOW), mode],
        check=True, capture_output=True, env=os.environ, timeout=120,
    )  # fmt: skip
    with np.load(folder / "states.npz", allow_pickle=False) as states:
        return dict(states)


def assert_equal(run: LavaRun, official: dict[str, IntArray], period: int) -> None:
    """Every window of the run is the official one, and every layer fires in it."""
    for k, (lag, layer) in enumerate(zip(run.lag, run.layers, strict=True)):
        assert layer.s.any()
        for state in ("u", "v", "s"):
            recorded = getattr(layer, state)
            rows = official[f"{state}{k}"]
            rows = rows.transpose(0, *range(rows.ndim - 1, 0, -1))
            for sample, window in enumerate(recorded):
                start = sample * period + lag
                np.testing.assert_array_equal(window, rows[start : start + len(window)])


def test_worker_records_what_lava_reads_itself(tmp_path: Path) -> None:
    """u and v through `Var.get`, spikes through a sink, biases through `Var.set`: no difference."""
    chain = Chain(1, "bias", (2, 5, 4)).biased_input(threshold=1500)
    chain.conv(3, (2, 3), threshold=150, decay_u=2000).dense(6, threshold=150)
    write_netx(chain.graph(), tmp_path / "chip.net")
    biases = integers(np.random.default_rng(2).integers(-600, 2400, (4, 2, 5, 4)))
    ours = run_lava(tmp_path / "chip.net", biases, reset="staggered", time_steps=WINDOW)
    assert_equal(ours, officially(tmp_path, biases, "end-to-end"), WINDOW)


def test_isolated_samples_start_as_var_set_starts_them(tmp_path: Path) -> None:
    """u, v and spikes under way (delayed, recurrent, of convolutions) are zeroed alike."""
    chain = Chain(1, "spikes", (2, 5, 4)).conv(3, (2, 3), threshold=120, decay_u=2000)
    chain.dense(8, threshold=150, delay=2).dense(6, threshold=90, feedback=(-40, 90), decay_u=900)
    graph = chain.graph(WINDOW)
    write_netx(graph, tmp_path / "chip.net")
    spikes = integers(np.random.default_rng(2).random((4, WINDOW, 2, 5, 4)) < 0.5)
    job = file_job(tmp_path / "chip.net", graph, spikes)
    assert job.opens == (1, 4, 5)
    period = WINDOW + 5
    padded = np.concatenate((spikes, np.zeros((4, 5, 2, 5, 4), dtype=np.int64)), axis=1)
    assert_equal(run_lava_jobs([job])[0], officially(tmp_path, padded, "isolated"), period)
