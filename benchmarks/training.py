"""Training and inference speed side by side: our neuron, other libraries' neurons, a ReLU.

    python benchmarks/training.py [--network conv-small vgg] [--device cpu] [--rounds 15]

One module of convolutions, batch norms and pools (T = 4, batch 64, random images; the time of a
step doesn't depend on what the images show), with another neuron in it per row, so that rows
differ in the neuron alone. A training step is forward, cross-entropy, backward and AdamW. Every
row is tried with images channel by channel and channels last, and keeps its faster layout. Rounds
are interleaved: each measures every row once, the table has medians. Rows in bfloat16 stand apart.

    conv-small   28x28x1: 16-AP-32-AP-10
    vgg          32x32x3: vgg11 at a quarter of its width
"""

import argparse
import json
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.frozen_onnx import onnx_runner
from benchmarks.peer_neurons import PEERS, with_neurons
from trainers.methods import METHODS, install
from trainers.network import SpikingNetwork
from trainers.networks import NETWORKS

RESULTS = Path("benchmarks/results")
T, BATCH, CLASSES = 4, 64, 10
SHAPES: dict[str, tuple[int, int, int]] = {"conv-small": (1, 28, 28), "vgg": (3, 32, 32)}
LAYOUTS = (torch.contiguous_format, torch.channels_last)
OURS: dict[str, tuple[str, dict[str, bool]]] = {
    "fixed threshold": ("baseline", {}),
    "fixed threshold, learnt decay": ("plif", {}),
    "ds-atgo, fixed decay": ("ds-atgo", {"learn_decay": False}),
    "ds-atgo": ("ds-atgo", {}),
    "fixed threshold, plain loop": ("baseline", {}),
}
"""Rows by method and its options; ds-atgo learns its decays unless told otherwise."""


@dataclass(frozen=True)
class Timing:
    """One row of a table.

    Args:
        network: which module.
        mode: `training` or `inference`.
        precision: `float32` or `bfloat16` (autocast).
        row: whose neuron.
        layout: the faster one.
        milliseconds: median of a step.
        peak_bytes: largest memory allocated on a GPU, None on a CPU.
    """

    network: str
    mode: str
    precision: str
    row: str
    layout: str
    milliseconds: float
    peak_bytes: int | None = None


def body(network: str) -> nn.Module:
    """The module with our LIF, the same weights at each call."""
    torch.manual_seed(0)
    name, options = ("vgg11", {"width": 0.25}) if network == "vgg" else (network, {})
    spec = NETWORKS[name]
    return spec.build(spec.options.model_validate(options), SHAPES[network], CLASSES)


def ours(network: str, row: str) -> nn.Module:
    """Our neuron with a method; the plain loop walks through the steps in Python."""
    method, options = OURS[row]
    built = SpikingNetwork(body(network), T, sample_shape=SHAPES[network])
    install(built, METHODS, {method: METHODS[method].options.model_validate(options)})
    for _, neuron in built.neurons():
        neuron.fused = not row.endswith("plain loop")
    return built.body


def models(network: str) -> dict[str, Callable[[], nn.Module]]:
    """What each row trains."""
    rows: dict[str, Callable[[], nn.Module]] = {}
    for row in OURS:
        rows[row] = lambda row=row: ours(network, row)  # type: ignore[misc]
    for name, neuron in PEERS.items():
        rows[name] = lambda neuron=neuron: with_neurons(body(network), lambda: neuron(T))  # type: ignore[misc]
    rows["ReLU (no spikes)"] = lambda: with_neurons(body(network), nn.ReLU)
    return rows


class Contestant:
    """One row in one layout, ready to take steps."""

    def __init__(
        self, module: nn.Module, images: Tensor, labels: Tensor, layout: torch.memory_format
    ) -> None:
        self.module = module.to(images.device).to(memory_format=layout)  # type: ignore[call-overload]
        self.images = images.to(memory_format=layout)
        self.labels = labels
        trained = [weight for weight in module.parameters() if weight.requires_grad]
        self.optimizer = torch.optim.AdamW(trained)

    def logits(self) -> Tensor:
        """Mean output over the steps."""
        rows = self.images.expand(T, *self.images.shape).flatten(0, 1)
        mean: Tensor = self.module(rows).unflatten(0, (T, -1)).float().mean(0)
        return mean

    def train(self) -> None:
        """One training step."""
        self.module.train()
        self.optimizer.zero_grad()
        F.cross_entropy(self.logits(), self.labels).backward()
        self.optimizer.step()

    @torch.no_grad()
    def infer(self) -> None:
        """One pass in evaluation mode."""
        self.module.eval()
        self.logits()


def seconds(step: Callable[[], None], device: str) -> float:
    """Wall-clock time of one step, with everything it started on the device."""
    started = time.perf_counter()
    step()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started


def peak_bytes(step: Callable[[], None], device: str) -> int | None:
    """Largest memory allocated on the GPU during a step."""
    if device != "cuda":
        return None
    torch.cuda.reset_peak_memory_stats()
    step()
    torch.cuda.synchronize()
    return torch.cuda.max_memory_allocated()


def steps_of(network: str, mode: str, device: str) -> dict[tuple[str, str], Callable[[], None]]:
    """Every row in both layouts, and ONNX Runtime for inference on a CPU."""
    torch.manual_seed(1)
    images = torch.rand(BATCH, *SHAPES[network], device=device)
    labels = torch.randint(CLASSES, (BATCH,), device=device)
    steps: dict[tuple[str, str], Callable[[], None]] = {}
    for row, make in models(network).items():
        for layout in LAYOUTS:
            contestant = Contestant(make(), images, labels, layout)
            steps[row, str(layout)] = contestant.train if mode == "training" else contestant.infer
    if mode == "inference" and device == "cpu":
        steps["ONNX Runtime, frozen", "its own"] = onnx_runner(body(network), T, images)
    return steps


def measured(network: str, mode: str, precision: str, device: str, rounds: int) -> list[Timing]:
    """The table of one network, mode and precision."""
    steps = steps_of(network, mode, device)
    if precision == "bfloat16":
        steps = {key: step for key, step in steps.items() if "ONNX" not in key[0]}
    times: dict[tuple[str, str], list[float]] = {key: [] for key in steps}
    with torch.autocast(device, torch.bfloat16, enabled=precision == "bfloat16"):
        for step in steps.values():
            for _ in range(3):
                step()
        title = f"{network}, {mode}, {precision}"
        for _ in track(range(rounds), title, console=Console(stderr=True)):
            for key, step in steps.items():
                times[key].append(seconds(step, device))
        peaks = {key: peak_bytes(step, device) for key, step in steps.items()}
    rows = dict.fromkeys(row for row, _ in steps)
    fastest = [
        min((key for key in steps if key[0] == row), key=lambda k: median(times[k])) for row in rows
    ]
    return [
        Timing(network, mode, precision, key[0], key[1], 1e3 * median(times[key]), peaks[key])
        for key in fastest
    ]


def table(timings: list[Timing]) -> Table:
    """Times, and each row's time as a multiple of our fixed threshold's."""
    first = timings[0]
    drawn = Table(
        f"{first.network}, {first.mode}, {first.precision}",
        "layout",
        "ms",
        "against ours",
        *(("peak MB",) if first.peak_bytes is not None else ()),
        box=None,
        pad_edge=False,
    )
    for timing in timings:
        peak = () if timing.peak_bytes is None else (f"{timing.peak_bytes / 1e6:.0f}",)
        ratio = timing.milliseconds / first.milliseconds
        layout = timing.layout.removeprefix("torch.")
        drawn.add_row(timing.row, layout, f"{timing.milliseconds:.1f}", f"{ratio:.2f}", *peak)
    return drawn


def main() -> None:
    """Measures, prints the tables, and writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", nargs="+", choices=list(SHAPES), default=list(SHAPES))
    parser.add_argument("--mode", nargs="+", default=["training", "inference"])
    parser.add_argument("--precision", nargs="+", default=["float32", "bfloat16"])
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    console = Console(width=120)
    timings: list[Timing] = []
    for network in arguments.network:
        for mode in arguments.mode:
            for precision in arguments.precision:
                rows = measured(network, mode, precision, arguments.device, arguments.rounds)
                console.print(table(rows))
                timings += rows
    device = torch.cuda.get_device_name() if arguments.device == "cuda" else platform.machine()
    record = {
        "device": device,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "timings": [asdict(timing) for timing in timings],
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"training-{arguments.device}.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
