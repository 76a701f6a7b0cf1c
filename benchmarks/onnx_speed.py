"""Inference in ONNX Runtime against PyTorch, samples per second, side by side.

    python benchmarks/onnx.py [--networks digits fashion] [--rounds 15] [--output FILE.json]

One network per table, conv-small with random weights, batch norms and decays on the chip's grid,
T = 4, in float32 on random images. The rows:

    PyTorch eager            the network, its neurons a plain loop over steps
    PyTorch, fused neurons   the same with spikeport's compiled neurons, as it evaluates
    torch.compile            the plain network, compiled whole
    ONNX Scan                model.onnx, one call per batch
    ONNX step                model.step.onnx, one call per step
    ONNX int8 Scan           model.int8.onnx: another network, weights unpacked at each call

Each thread count has a process of its own. Rounds are interleaved: each calls every row once for
some tens of milliseconds, and the table has medians. Before, all rows but int8 must agree on what
the network says; spikes that hang on float32's last digit are counted.

What a runtime computes is its own matter: the ONNX graphs hold folded norms and compute what comes
before the first neuron once instead of T times, which is part of exporting.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from export.freezing import freeze
from export.nir_metadata import read_facts
from export.onnx import write_int8_onnx, write_onnx, write_step_onnx
from trainers.methods import METHODS, install
from trainers.network import SpikingNetwork
from trainers.networks import NETWORKS

RESULTS = Path("benchmarks/results/onnx.json")
T, CLASSES = 4, 10
BATCHES = (1, 64)
THREADS = (1, 2)
SHAPES: dict[str, tuple[int, int, int]] = {"digits": (1, 8, 8), "fashion": (1, 28, 28)}
DECAY = 819 / 4096
"""On the grid that freezing snaps to, so that all rows have the same neurons."""

SECONDS = 0.03
"""Of one measurement, as many calls as it takes."""

EAGER, INT8 = "PyTorch eager", "ONNX int8 Scan"
TOLERANCE = 1e-4
MOST_DIFFERING = 0.02
"""Samples in which a spike may hang on float32's last digit."""

Logits = NDArray[np.float32]
Run = Callable[[], Logits]


def main() -> None:
    """Measures in one process per thread count, prints the tables, writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", choices=list(SHAPES), default=list(SHAPES))
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    found: list[dict[str, Any]] = []
    for threads in THREADS:
        for network in arguments.networks:
            tables = in_own_process(network, threads, arguments.rounds)
            for entry in tables:
                Console(width=100).print(drawn(entry))
            found += tables
    record = {
        "device": platform.machine(),
        "torch": torch.__version__,
        "onnxruntime": onnxruntime.__version__,
        "time_steps": T,
        "tables": found,
    }
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(record, indent=1) + "\n")


def in_own_process(network: str, threads: int, rounds: int) -> list[dict[str, Any]]:
    """The tables of a network, one per batch size."""
    script = f"import benchmarks.onnx_speed as b; b.tell({network!r}, {threads}, {rounds})"
    done = subprocess.run(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": str(threads)},
    )
    tables: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return tables


def tell(network: str, threads: int, rounds: int) -> None:
    """Prints them as JSON; for `in_own_process`."""
    torch.set_num_threads(threads)
    print(json.dumps([measured(network, batch, threads, rounds) for batch in BATCHES]))


def measured(network: str, batch: int, threads: int, rounds: int) -> dict[str, Any]:
    """One table: every row's samples per second, and as a multiple of eager PyTorch's."""
    rows = rows_of(network, batch, threads)
    said = {name: run() for name, run in rows.items()}
    differing = {name: differs(said[EAGER], logits) for name, logits in said.items()}
    for name, share in differing.items():
        if name != INT8 and share > MOST_DIFFERING:
            raise SystemExit(f"{network}, {name}: other logits than eager in {share:.1%} of images")
    calls = {name: calls_for(run) for name, run in rows.items()}
    times: dict[str, list[float]] = {name: [] for name in rows}
    for _ in range(rounds):
        for name, run in rows.items():
            times[name].append(seconds(run, calls[name]) / calls[name])
    speeds = {name: batch / median(spent) for name, spent in times.items()}
    return {
        "network": network,
        "batch": batch,
        "threads": threads,
        "samples_per_s": speeds,
        "times_eager": {name: speed / speeds[EAGER] for name, speed in speeds.items()},
        "samples_that_differ": differing,
    }


def rows_of(network: str, batch: int, threads: int) -> dict[str, Run]:
    """What is compared, each a call that returns the logits of the same images."""
    torch.manual_seed(1)
    images = torch.rand(batch, *SHAPES[network])
    plain, fused = spiking(network, fused=False), spiking(network, fused=True)
    return {
        EAGER: in_torch(plain, images),
        "PyTorch, fused neurons": in_torch(fused, images),
        "torch.compile": in_torch(torch.compile(plain), images),
        **onnx_rows(plain, images, threads),
    }


def spiking(network: str, *, fused: bool) -> SpikingNetwork:
    """conv-small for those images, the same weights at each call, in evaluation mode."""
    torch.manual_seed(0)
    spec = NETWORKS["conv-small"]
    body = spec.build(spec.options.model_validate({"decay": DECAY}), SHAPES[network], CLASSES)
    built = SpikingNetwork(body, T, sample_shape=SHAPES[network])
    install(built, METHODS, {"baseline": METHODS["baseline"].options()})
    for module in body.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.2, 0.2)  # type: ignore[arg-type]
            nn.init.uniform_(module.running_var, 0.05, 0.2)  # type: ignore[arg-type]
    for _, neuron in built.neurons():
        neuron.fused = fused
        neuron.set_decay(DECAY)
    return built.eval()


def in_torch(network: Callable[[Tensor], Tensor], images: Tensor) -> Run:
    """A pass of the network."""

    @torch.inference_mode()
    def run() -> Logits:
        mean: Logits = network(images).mean(0).numpy()
        return mean

    return run


def onnx_rows(network: SpikingNetwork, images: Tensor, threads: int) -> dict[str, Run]:
    """The exported files in ONNX Runtime."""
    graph = freeze(network, images[:1].numpy())
    inputs = images.numpy()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_onnx(graph, folder / "model.onnx")
        write_step_onnx(graph, folder / "model.step.onnx")
        write_int8_onnx(graph, folder / "model.int8.onnx")
        scan, step, int8 = (
            session(folder / f"model{kind}.onnx", threads) for kind in ("", ".step", ".int8")
        )
    steps = read_facts(graph).time_steps
    return {
        "ONNX Scan": lambda: whole(scan, inputs),
        "ONNX step": lambda: stepped(step, inputs, steps),
        INT8: lambda: whole(int8, inputs),
    }


def session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    """A model, ready to run."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    # Its idle threads would otherwise spin on, at the cost of the row after it.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(
        path.read_bytes(), options, providers=["CPUExecutionProvider"]
    )


def whole(model: onnxruntime.InferenceSession, inputs: Logits) -> Logits:
    """All steps in one call."""
    (logits,) = model.run(["logits"], {"input": inputs})
    return np.asarray(logits)


def stepped(model: onnxruntime.InferenceSession, inputs: Logits, steps: int) -> Logits:
    """One call per step, the state handed from call to call."""
    names = [value.name for value in model.get_outputs()]
    feeds = {
        value.name: np.zeros((len(inputs), *value.shape[1:]), np.float32)
        for value in model.get_inputs()
    }
    feeds["input"] = inputs
    total = np.zeros((len(inputs), CLASSES), np.float32)
    for _ in range(steps):
        results = dict(zip(names, model.run(names, feeds), strict=True))
        feeds |= {name: results[f"{name}_next"] for name in feeds if name != "input"}
        total += results["output"]
    return np.asarray(total / steps)


def differs(expected: Logits, logits: Logits) -> float:
    """Share of samples whose logits are others."""
    return float((np.abs(expected - logits) > TOLERANCE).any(axis=1).mean())


def calls_for(run: Run) -> int:
    """Calls that fill one measurement."""
    seconds(run, 3)
    return max(1, round(SECONDS / (seconds(run, 3) / 3)))


def seconds(run: Run, calls: int) -> float:
    """Wall-clock time of so many calls."""
    started = time.perf_counter()
    for _ in range(calls):
        run()
    return time.perf_counter() - started


def drawn(entry: dict[str, Any]) -> Table:
    """One table."""
    title = f"{entry['network']}, batch {entry['batch']}, {entry['threads']} thread(s)"
    table = Table(title, "samples per s", "times eager", box=None, pad_edge=False)
    for name, speed in entry["samples_per_s"].items():
        table.add_row(name, f"{speed:,.0f}", f"{entry['times_eager'][name]:.2f}")
    return table


if __name__ == "__main__":
    main()
