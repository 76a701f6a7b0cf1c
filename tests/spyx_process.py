"""Spyx in a process of its own: `python -m tests.spyx_process run|write FOLDER`.

JAX, once imported, warns of every fork of its process, and other tests fork.

run: reads model.nir and given.npz (inputs [T, N, ...], dt_s), writes outputs.npz (outputs).
write: reads given.npz (kind, seed, inputs [T, N, 14] of zeros and ones), writes model.nir as Spyx
exports two layers of that kind, and outputs.npz, its own spikes.
"""

import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import nir
import numpy as np

ROOT = Path(__file__).parents[1]


def in_jax(command: str, folder: Path) -> None:
    """Runs one command in a child process."""
    subprocess.run(
        [sys.executable, "-m", "tests.spyx_process", command, str(folder)], check=True,
        cwd=ROOT, stdout=subprocess.DEVNULL, env={**os.environ, "JAX_PLATFORMS": "cpu"},
    )  # fmt: skip


def run(folder: Path) -> None:
    """Imports a file and runs it in float64."""
    import jax
    import jax.numpy as jnp
    from spyx.nir import from_nir

    given = np.load(folder / "given.npz")
    with jax.enable_x64(True):
        graph = nir.read(folder / "model.nir")
        _, outputs = from_nir(graph, jnp.asarray(given["inputs"]), float(given["dt_s"]))
        np.savez(folder / "outputs.npz", outputs=np.asarray(outputs, dtype=np.float64))


def write(folder: Path) -> None:
    """Writes a network of Spyx's own and runs it step by step."""
    import jax.numpy as jnp
    import spyx.nn as snn
    from flax import nnx
    from spyx.nir import to_nir

    given = np.load(folder / "given.npz")
    kind, inputs = str(given["kind"]), given["inputs"]
    rngs = nnx.Rngs(int(given["seed"]))
    layer, times = getattr(snn, kind), dict[str, float]()
    if kind.endswith("LIF"):
        times["beta"] = 0.75
    if "CuBa" in kind:
        times["alpha"] = 0.5
    layers: list[Any] = [
        nnx.Linear(14, 20, rngs=rngs),
        layer((20,), **times, threshold=0.4, rngs=rngs),
        nnx.Linear(20, 9, rngs=rngs),
        layer((9,), **times, threshold=0.3, rngs=rngs),
    ]
    ends = ({"input": np.array([14])}, {"output": np.array([9])})
    nir.write(folder / "model.nir", to_nir(nnx.Sequential(*layers), *ends))
    states = {index: layers[index].initial_state(inputs.shape[1]) for index in (1, 3)}
    own = []
    for frame in inputs:
        x = jnp.asarray(frame)
        for index, part in enumerate(layers):
            if index in states:
                x, states[index] = part(x, states[index])
            else:
                x = part(x)
        own.append(np.asarray(x))
    np.savez(folder / "outputs.npz", outputs=np.stack(own))


COMMANDS = {"run": run, "write": write}

if __name__ == "__main__":
    # It warns of its own dependencies.
    warnings.simplefilter("ignore")
    COMMANDS[sys.argv[1]](Path(sys.argv[2]))
