"""How much of a GPU's memory bandwidth the fused neuron kernels reach.

    python benchmarks/kernel_bandwidth.py [--neurons 16777216] [--steps 4]

The kernels do a few operations per value, so memory bounds them. Each is timed in turns with a
plain copy of as many bytes on the same GPU, and its share is copy time / kernel time: 1.0 would be
as fast as memory allows. Bytes a kernel must move, per neuron and step, e bytes per current:

    forward             read the current, write the spike                        2 e
    forward, adaptive   and membranes written and read in between                2 e + 8
    backward            read current and gradient, write the current's gradient  3 e
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import torch
from torch import Tensor

from trainers.methods import METHODS, install
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF
from trainers.neurons.shaped import Shaped

RESULTS = Path("benchmarks/results/kernel-bandwidth.json")
ROUNDS = 20
MEMBRANE_BYTES = 8


@dataclass(frozen=True)
class Share:
    """One kernel.

    Args:
        kernel: which.
        dtype: of currents and spikes.
        bytes_moved: that it can't do without.
        milliseconds: median.
        copy_milliseconds: median of a copy of as many bytes.
    """

    kernel: str
    dtype: str
    bytes_moved: int
    milliseconds: float
    copy_milliseconds: float


def milliseconds(work: Callable[[], object]) -> float:
    """Time on the GPU, by its own clock."""
    started, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    started.record()
    work()
    ended.record()
    torch.cuda.synchronize()
    return float(started.elapsed_time(ended))


def share(kernel: str, dtype: torch.dtype, moved: int, work: Callable[[], object]) -> Share:
    """The kernel and a copy in turns."""
    source = torch.empty(moved // 2, dtype=torch.uint8, device="cuda")
    target = torch.empty_like(source)
    for _ in range(3):
        work()
    times = [
        (milliseconds(work), milliseconds(lambda: target.copy_(source))) for _ in range(ROUNDS)
    ]
    own, copy = zip(*times, strict=True)
    return Share(kernel, str(dtype), moved, median(own), median(copy))


def adaptive_layer(time_steps: int) -> LIF:
    """A layer of ds-atgo in training."""
    network = SpikingNetwork(torch.nn.Sequential(LIF()), time_steps)
    install(network, METHODS, {"ds-atgo": METHODS["ds-atgo"].options()})
    _, neuron = next(network.to("cuda").train().neurons())
    neuron.fused = True
    return neuron


def shares(currents: Tensor) -> list[Share]:
    """All kernels for currents [T, N]."""
    from trainers.neurons import triton_kernels

    steps, bytes_each = len(currents), currents.element_size()
    decay = torch.tensor(0.2, device="cuda")
    thresholds = torch.ones(steps, device="cuda")
    grad = torch.rand_like(currents)
    neuron = adaptive_layer(steps)
    rows = currents.flatten()[:, None]
    found = [
        share(
            "forward",
            currents.dtype,
            2 * bytes_each * currents.numel(),
            lambda: triton_kernels.spikes(currents, decay, None, thresholds),
        ),
        share(
            "backward",
            currents.dtype,
            3 * bytes_each * currents.numel(),
            lambda: triton_kernels.gradients(
                Shaped(), currents, decay, None, thresholds, thresholds, grad, True, False, False
            ),
        ),
    ]
    with torch.no_grad():
        adaptive = (2 * bytes_each + MEMBRANE_BYTES) * currents.numel()
        found.append(share("forward, adaptive", currents.dtype, adaptive, lambda: neuron(rows)))
    return found


def main() -> None:
    """Measures, prints, and writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", type=int, default=1 << 24)
    parser.add_argument("--steps", type=int, default=4)
    arguments = parser.parse_args()
    if not torch.cuda.is_available():
        raise SystemExit("No CUDA device: this measures a GPU's memory.")
    found = []
    for dtype in (torch.float32, torch.bfloat16):
        currents = torch.randn(arguments.steps, arguments.neurons, device="cuda").to(dtype)
        found += shares(currents)
    print(torch.cuda.get_device_name())
    for row in found:
        ratio = row.copy_milliseconds / row.milliseconds
        print(f"{row.kernel:20s} {row.dtype:15s} {row.milliseconds:8.3f} ms  share {ratio:.2f}")
    record = {"device": torch.cuda.get_device_name(), "shares": [asdict(row) for row in found]}
    RESULTS.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
