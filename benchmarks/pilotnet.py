"""PilotNet (158,509 LIF neurons, from lava-dl's wheel): synaptic operations and time per step.

    python benchmarks/pilotnet.py [--samples 8] [--output FILE.json]

Every input bias is 0, so the input layer stays silent and the hidden layers' own biases drive the
network: the state in which Intel measured it on Loihi 2 (lava-dl's notebook `pilotnet_snn`). Each
layer is reset every 16 steps, staggered by depth, so the network repeats itself every 16 steps and
the figures are means over one such window of each layer, which is any 16 steps in a row once all
layers have been reset.

Synaptic operations of a layer are those that arrive at it. Loihi 2 counts a convolution's non-zero
weights only; the emulator's trace counts stored ones, zeros included. Both are printed. Published
means (REFERENCE) are of the non-zero ones: conv2 1,604,872.5, conv3 452,130, conv4 144,599.1 and
conv5 63,890 per step. These four add up to 2,265,491.6, and to 2,269,710.4 with the dense layers.
The published sum, 2,265,646, is 154.4 more than its own four terms.
"""

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import torch
from torch.nn.functional import conv_transpose2d

from export.chip.graph import ChipGraph, ConvProjection, IntArray, Projection
from export.chip.netx_read import read_netx
from hwsim.engine.recording import Recording
from hwsim.engine.simulate import simulate
from hwsim.lava.environment import site_packages

WINDOW = 16
REPEATS = 5
REFERENCE = {"conv2": 1_604_872, "conv3": 452_130, "conv4": 144_599, "conv5": 63_890}
"""Synaptic operations per step, halves rounded to even."""

REFERENCE_SPIKES = {"conv1": 26_928, "conv2": 6_248, "conv3": 840, "conv4": 433, "conv5": 146}
"""Spikes per step."""

LAYERS = ("input", "conv1", "conv2", "conv3", "conv4", "conv5", "fc1", "fc2", "fc3", "fc4")


@dataclass(frozen=True)
class LayerActivity:
    """Means per step over one window.

    Args:
        spikes: that the layer sends.
        synops: that arrive, non-zero weights only.
        stored_synops: that arrive, zero weights included, as the trace counts them.
    """

    spikes: float
    synops: float
    stored_synops: float


def pilotnet() -> ChipGraph:
    """The network from the wheel."""
    folder = site_packages() / "tests" / "lava" / "lib" / "dl" / "netx" / "gts" / "pilotnet_lif"
    return read_netx(folder / "network.net")


def silence(graph: ChipGraph, samples: int = 1) -> IntArray:
    """No bias on any input neuron."""
    return np.zeros((samples, *graph.input.shape), dtype=np.int64)


def activity(graph: ChipGraph) -> dict[str, LayerActivity]:
    """What every layer does in one window of 16 steps."""
    spikes_only = Recording({p.name: frozenset({"s"}) for p in graph.populations})
    trace = simulate(graph, silence(graph), steps=WINDOW, record=spikes_only)
    found = {}
    for k, (layer, name) in enumerate(zip(LAYERS, trace.populations, strict=True)):
        arriving = 0
        for projection in graph.incoming(name):
            sent = trace.recordings[projection.source]["s"][0].sum(axis=0).reshape(-1)
            arriving += int(sent.astype(np.int64) @ nonzero_fan_out(graph, projection))
        found[layer] = LayerActivity(
            float(trace.spikes[0, :, k].sum() / WINDOW),
            arriving / WINDOW,
            float(trace.synops[0, :, k].sum() / WINDOW),
        )
    return found


def nonzero_fan_out(graph: ChipGraph, projection: Projection) -> IntArray:
    """Non-zero synapses of each source neuron, [sources]."""
    nonzero = projection.weight != 0
    if not isinstance(projection, ConvProjection):
        return np.asarray(nonzero.sum(axis=0), dtype=np.int64)
    source = graph.source_shape(projection.source)
    target = graph.population(projection.target).shape
    covered = conv_transpose2d(
        torch.ones((1, *target), dtype=torch.float64),
        torch.from_numpy(nonzero.astype(np.float64)),
        stride=projection.stride,
        dilation=projection.dilation,
        groups=projection.groups,
    )
    # Sources beyond the last kernel's reach have no synapses; those in the padding don't exist.
    full = np.zeros((source[0], *(s + 2 * p for s, p in zip(source[1:], projection.padding,
                                                            strict=True))))  # fmt: skip
    reached = covered[0].numpy()
    full[:, : reached.shape[1], : reached.shape[2]] = reached
    (rows, columns), (_, height, width) = projection.padding, source
    inside = full[:, rows : rows + height, columns : columns + width]
    return np.asarray(inside.reshape(-1), dtype=np.int64)


def seconds_per_step(graph: ChipGraph, samples: int) -> float:
    """Median time of one step of one sample, all layers together."""
    inputs, times = silence(graph, samples), []
    simulate(graph, inputs, steps=WINDOW)
    for _ in range(REPEATS):
        started = time.perf_counter()
        simulate(graph, inputs, steps=WINDOW)
        times.append(time.perf_counter() - started)
    return median(times) / (samples * WINDOW)


def main() -> None:
    """Prints a table and both times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=8, help="of the batch that is timed")
    parser.add_argument("--output", type=Path, help="write the figures here as JSON")
    arguments = parser.parse_args()
    graph = pilotnet()
    layers = activity(graph)
    print(f"{'layer':8}{'spikes':>12}{'synops':>14}{'published':>12}{'stored':>14}   per step")
    for name, layer in layers.items():
        published = f"{REFERENCE[name]:,}" if name in REFERENCE else ""
        print(f"{name:8}{layer.spikes:12,.1f}{layer.synops:14,.1f}{published:>12}"
              f"{layer.stored_synops:14,.1f}")  # fmt: skip
    print(f"{'all':8}{'':12}{sum(layer.synops for layer in layers.values()):14,.1f}")
    times = {count: seconds_per_step(graph, count) for count in (1, arguments.samples)}
    for count, seconds in times.items():
        print(f"emulator, batch {count}: {seconds * 1e3:.2f} ms per step and sample")
    if arguments.output is not None:
        figures = {
            "layers": {name: vars(layer) for name, layer in layers.items()},
            "seconds_per_step": {str(count): seconds for count, seconds in times.items()},
        }
        arguments.output.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
