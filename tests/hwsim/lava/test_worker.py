"""What the worker reads and sets inside Lava is what Lava itself reads and sets."""

import os
import subprocess
from pathlib import Path

import numpy as np

from export.chip.netx_write import write_netx
from hwsim.lava.environment import WORKER, interpreter, require_lava
from hwsim.lava.runner import run_lava
from tests.random_chip_graphs import Chain, integers

SCRIPT = Path(__file__).with_name("lava_own_reading.py")
WINDOW = 5


def test_worker_records_what_lava_reads_itself(tmp_path: Path) -> None:
    """u and v through `Var.get`, spikes through a sink, biases through `Var.set`: no difference."""
    chain = Chain(1, "bias", (2, 5, 4)).biased_input(threshold=1500)
    chain.conv(3, (2, 3), threshold=150, decay_u=2000).dense(6, threshold=150)
    write_netx(chain.graph(), tmp_path / "chip.net")
    biases = integers(np.random.default_rng(2).integers(-600, 2400, (4, 2, 5, 4)))
    ours = run_lava(tmp_path / "chip.net", biases, reset="staggered", time_steps=WINDOW)
    np.save(tmp_path / "inputs.npy", biases)
    subprocess.run(
        [interpreter(require_lava().folder), "-I", SCRIPT, WORKER, tmp_path / "chip.net",
         tmp_path, str(WINDOW)],
        check=True, capture_output=True, env=os.environ, timeout=120,
    )  # fmt: skip
    with np.load(tmp_path / "states.npz", allow_pickle=False) as official:
        for k, (lag, layer) in enumerate(zip(ours.lag, ours.layers, strict=True)):
            for state in ("u", "v", "s"):
                recorded = getattr(layer, state)
                rows = official[f"{state}{k}"][lag : lag + len(biases) * WINDOW]
                rows = rows.transpose(0, *range(rows.ndim - 1, 0, -1))
                np.testing.assert_array_equal(recorded, rows.reshape(recorded.shape))
            assert layer.s.any()
