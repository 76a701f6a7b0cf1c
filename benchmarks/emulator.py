"""The emulator beside Lava and beside bare convolutions, in one run.

    python benchmarks/emulator.py [--output FILE.json]

Two networks with a tenth of the neurons firing per step, T = 8, batch 256:

    conv     1x28x28, conv 32 (3x3), conv 64 (3x3, stride 2), dense 10
    dense    784, 256, 10

Lava's best way is one running network: samples end to end, staggered resets. Its time per sample is
the difference between a long and a short run, so that start-up and compilation don't count. Bare
convolutions are torch's float32 layers of the same shapes on the same number of spikes, in the
faster of its two memory layouts, without neurons. All use the cores they can: Lava's network is a
process per population and synapse.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch.nn import functional as F

from benchmarks.chip_networks import conv_network, dense_network, spike_trains
from export.chip.graph import ChipGraph, ConvProjection, IntArray
from export.chip.netx_write import write_netx
from hwsim.engine.simulate import simulate
from hwsim.lava.compare import compare
from hwsim.lava.runner import run_lava

BATCH = 256
REPEATS = 9
LAVA_SAMPLES = {"conv": 32, "dense": 256}
"""Enough that Lava's time per sample stands out from how its start-up varies."""

NETWORKS: dict[str, Callable[[], ChipGraph]] = {"conv": conv_network, "dense": dense_network}


def main() -> None:
    """Prints every comparison and writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, help="write the figures here as JSON")
    arguments = parser.parse_args()
    found: dict[str, Any] = {name: measured(name, make()) for name, make in NETWORKS.items()}
    found["growth"] = growth()
    if arguments.output is not None:
        arguments.output.write_text(json.dumps(found, indent=2) + "\n")


def measured(name: str, graph: ChipGraph) -> dict[str, float]:
    """One network: emulator, bare layers and Lava."""
    inputs = spike_trains(graph.input.shape, BATCH, 8)
    trace = simulate(graph, inputs)
    rates = trace.spikes.sum(axis=(0, 1)) / trace.neurons / (BATCH * 8)
    emulator, bare = interleaved(lambda: simulate(graph, inputs), bare_layers(graph))
    lava = lava_seconds(graph, inputs, LAVA_SAMPLES[name])
    figures = {
        "samples_per_s": BATCH / emulator,
        "lava_samples_per_s": 1 / lava,
        "times_lava": lava * BATCH / emulator,
        "times_bare_layers": emulator / bare,
        "peak_memory_mib": peak_memory_mib(name),
    }
    print(f"{name}: rates {', '.join(f'{rate:.1%}' for rate in rates)}")
    print(f"  emulator            {figures['samples_per_s']:10,.0f} samples per s")
    print(f"  Lava, one network   {figures['lava_samples_per_s']:10,.2f} samples per s")
    print(f"  emulator to Lava    {figures['times_lava']:10,.0f} times")
    print(f"  to bare layers      {figures['times_bare_layers']:10.2f} times their time")
    print(f"  peak memory         {figures['peak_memory_mib']:10,.0f} MiB while it runs")
    return figures


def interleaved(first: Callable[[], object], second: Callable[[], object]) -> tuple[float, float]:
    """Median seconds of two calls that take turns."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(REPEATS):
        for call, seen in zip((first, second), times, strict=True):
            started = time.perf_counter()
            call()
            seen.append(time.perf_counter() - started)
    return median(times[0][1:]), median(times[1][1:])


def bare_layers(graph: ChipGraph) -> Callable[[], object]:
    """All float32 layers of the graph's shapes, each in its faster memory layout."""
    calls = [fastest(layer_calls(graph, k)) for k in range(len(graph.projections))]

    def run() -> None:
        for call in calls:
            call()

    return run


def layer_calls(graph: ChipGraph, k: int) -> list[Callable[[], object]]:
    """One layer on BATCH * T steps, in both layouts."""
    projection = graph.projections[k]
    source = graph.source_shape(projection.source)
    weight = torch.from_numpy(projection.weight).float()
    events = (torch.rand(BATCH * 8, *source) < 0.1).float()
    if not isinstance(projection, ConvProjection):
        flat = events.flatten(1)
        return [torch.inference_mode()(lambda: flat @ weight.T)]

    def call(layout: torch.memory_format) -> Callable[[], object]:
        given, kernel = (
            events.contiguous(memory_format=layout),
            weight.contiguous(memory_format=layout),
        )
        return torch.inference_mode()(
            lambda: F.conv2d(
                given, kernel, None, projection.stride, projection.padding, projection.dilation
            )
        )

    return [call(torch.contiguous_format), call(torch.channels_last)]


def fastest(calls: list[Callable[[], object]]) -> Callable[[], object]:
    """The call that takes least."""

    def seconds(call: Callable[[], object]) -> float:
        call()
        started = time.perf_counter()
        call()
        return time.perf_counter() - started

    return min(calls, key=seconds)


def lava_seconds(graph: ChipGraph, inputs: IntArray, samples: int) -> float:
    """Lava's seconds per further sample of a running network, its states compared with ours."""
    with tempfile.TemporaryDirectory() as folder:
        net = Path(folder) / "chip.net"
        write_netx(graph, net)
        few = max(2, samples // 8)
        times = {}
        for count in (few, samples):
            started = time.perf_counter()
            run = run_lava(
                net, inputs[:count], reset="staggered", time_steps=graph.time_steps, workers=1
            )
            times[count] = time.perf_counter() - started
        compared = compare(simulate(graph, inputs[:samples], record=True), run)
        if not compared.identical:
            raise SystemExit(f"the emulator and Lava differ: {compared}")
        print(f"  {compared.values:,} values of u, v and s compared: {compared.mismatches} differ")
    return (times[samples] - times[few]) / (samples - few)


def growth() -> dict[str, dict[str, float]]:
    """Seconds beside batch, steps and size: a factor of four in each should cost four times."""
    base = conv_network()
    found: dict[str, dict[str, float]] = {}
    cases = {
        "batch": [(base, n, 8) for n in (128, 512)],
        "steps": [(conv_network(steps=t), 128, t) for t in (8, 32)],
        "size": [(conv_network(side), 128, 8) for side in (28, 56)],
    }
    for name, sizes in cases.items():
        small, large = (
            seconds_of(graph, spike_trains(graph.input.shape, samples, steps))
            for graph, samples, steps in sizes
        )
        found[name] = {"small_s": small, "large_s": large, "ratio": large / small}
        print(f"growth: 4 times the {name} takes {large / small:.2f} times as long")
    return found


def seconds_of(graph: ChipGraph, inputs: IntArray) -> float:
    """The median of some runs."""
    times = []
    for _ in range(5):
        started = time.perf_counter()
        simulate(graph, inputs)
        times.append(time.perf_counter() - started)
    return median(times[1:])


def peak_memory_mib(name: str) -> float:
    """What simulating adds to a process's resident size, beyond code, inputs and weights."""
    script = f"import benchmarks.emulator as e; e.tell_memory({name!r})"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return float(done.stdout.splitlines()[-1])


def tell_memory(name: str) -> None:
    """Prints MiB that a simulation adds to this process's resident size at its peak."""
    graph = NETWORKS[name]()
    inputs = spike_trains(graph.input.shape, BATCH, 8)
    simulate(graph, inputs[:1])
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from here
    before = resident_kib("VmRSS")
    simulate(graph, inputs)
    print((resident_kib("VmHWM") - before) / 1024)


def resident_kib(key: str) -> int:
    """A figure of this process's status, KiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{key}:"))


if __name__ == "__main__":
    main()
