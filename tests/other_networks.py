"""Frozen networks of other shapes than `tests.frozen_networks`: dense, residual, and odd."""

from itertools import pairwise
from typing import Literal

import nir
import numpy as np

from export.nir_metadata import FrozenFacts, InputFacts, ReadoutFacts, attach_facts
from tests.frozen_networks import DT, conv_network, images, portable_lif

Case = tuple[nir.NIRGraph, np.ndarray]


def with_facts(
    nodes: dict[str, nir.NIRNode],
    edges: list[tuple[str, str]],
    *,
    time_steps: int,
    form: Literal["static", "sequence"] = "static",
    readout: ReadoutFacts | None = None,
    dt_s: float = DT,
) -> nir.NIRGraph:
    """A graph of these nodes with the facts a frozen network carries."""
    graph = nir.NIRGraph(nodes, edges, type_check=False)
    shape = tuple(int(size) for size in nodes["input"].input_type["input"])
    facts = FrozenFacts(
        spikeport="0.1.0",
        dt_s=dt_s,
        time_steps=time_steps,
        input=InputFacts(form=form, shape=shape),
        readout=readout or ReadoutFacts(),
    )
    attach_facts(graph, facts)
    return graph


def chain(nodes: dict[str, nir.NIRNode]) -> list[tuple[str, str]]:
    """Edges from each node to the next."""
    return list(pairwise(nodes))


def weights(rng: np.random.Generator, *shape: int, gain: float) -> np.ndarray:
    """Random float32 weights whose sums have a spread of about `gain`."""
    fan_in = int(np.prod(shape[1:]))
    spread = gain / np.sqrt(fan_in)
    result: np.ndarray = (rng.normal(size=shape) * spread).astype(np.float32)
    return result


def biases(rng: np.random.Generator, size: int) -> np.ndarray:
    """Small random float32 biases."""
    return rng.normal(size=size).astype(np.float32) * np.float32(0.1)


def plain_conv(
    rng: np.random.Generator, channels: tuple[int, int], size: int, gain: float
) -> nir.Conv2d:
    """A 3x3 convolution that keeps the image's size."""
    before, after = channels
    kernel = weights(rng, after, before, 3, 3, gain=gain)
    return nir.Conv2d((size, size), kernel, 1, 1, 1, 1, biases(rng, after))


def dense_network(seed: int = 0, *, time_steps: int = 20) -> nir.NIRGraph:
    """24-32-16-4, driven by a sequence of spikes."""
    rng = np.random.default_rng(seed)
    nodes = {
        "input": nir.Input(np.array([24])),
        "l000_fc": nir.Affine(weights(rng, 32, 24, gain=2.5), biases(rng, 32)),
        "l001_lif": portable_lif((32,), 3584),
        "l002_fc": nir.Linear(weights(rng, 16, 32, gain=2.5)),
        "l003_lif": portable_lif((16,), 2048),
        "l004_fc": nir.Affine(weights(rng, 4, 16, gain=1.0), biases(rng, 4)),
        "output": nir.Output(np.array([4])),
    }
    return with_facts(nodes, chain(nodes), time_steps=time_steps, form="sequence")


def spike_trains(samples: int, time_steps: int = 20, seed: int = 2) -> np.ndarray:
    """Random spikes, float32 [N, T, 24]."""
    rng = np.random.default_rng(seed)
    return (rng.random((samples, time_steps, 24)) < 0.3).astype(np.float32)


def residual_network(seed: int = 0, *, time_steps: int = 4) -> nir.NIRGraph:
    """conv-LIF, then conv beside a skip connection into the next LIF, then affine."""
    rng = np.random.default_rng(seed)
    nodes = {
        "input": nir.Input(np.array([1, 8, 8])),
        "l000_conv": plain_conv(rng, (1, 4), 8, gain=3.0),
        "l001_lif": portable_lif((4, 8, 8), 819),
        "l002_conv": plain_conv(rng, (4, 4), 8, gain=1.5),
        "l003_lif": portable_lif((4, 8, 8), 819),
        "l004_flatten": nir.Flatten(np.array([4, 8, 8]), 0, -1),
        "l005_fc": nir.Affine(weights(rng, 5, 256, gain=1.0), biases(rng, 5)),
        "output": nir.Output(np.array([5])),
    }
    return with_facts(nodes, [*chain(nodes), ("l001_lif", "l003_lif")], time_steps=time_steps)


def odd_network(seed: int = 0) -> nir.NIRGraph:
    """Everything the executor runs at its least usual, on static 2x5x6 inputs.

    Grouped, dilated, strided and asymmetrically padded convolutions, an even 'same' kernel, padded
    average pooling, overlapping sum pooling, IF, leak, reset and gain that differ per neuron,
    three edges into one node, a skip past the first neuron, and readout weights.
    """
    rng = np.random.default_rng(seed)

    def per_neuron(shape: tuple[int, ...], low: float, high: float) -> np.ndarray:
        return rng.uniform(low, high, size=shape)

    shape = (4, 5, 6)
    nodes = {
        "input": nir.Input(np.array([2, 5, 6])),
        "a_conv": nir.Conv2d(
            (5, 6), weights(rng, 4, 1, 2, 3, gain=2.0), 1, "same", (1, 2), 2, biases(rng, 4)
        ),
        "b_lif": nir.LIF(
            tau=DT / per_neuron(shape, 0.2, 0.9),
            r=per_neuron(shape, 0.5, 2.0),
            v_leak=per_neuron(shape, -0.05, 0.05),
            v_threshold=per_neuron(shape, 0.2, 0.6),
            v_reset=per_neuron(shape, -0.1, 0.1),
        ),
        "c_conv": nir.Conv2d(
            (5, 6), weights(rng, 4, 4, 3, 1, gain=1.5), 1, (1, 0), 1, 1, biases(rng, 4)
        ),
        "d_if": nir.IF(
            r=per_neuron(shape, 0.8, 1.2) / DT,
            v_threshold=per_neuron(shape, 0.8, 1.6),
            v_reset=per_neuron(shape, -0.1, 0.1),
        ),
        "e_avg": nir.AvgPool2d(np.array([3, 2]), np.array([2, 1]), np.array([1, 0])),
        "f_sum": nir.SumPool2d(np.array([2, 2]), np.array([1, 1]), np.array([0, 1])),
        "g_conv": nir.Conv2d(
            (2, 6), weights(rng, 6, 4, 2, 2, gain=1.5), (1, 2), "valid", 1, 1, biases(rng, 6)
        ),
        "h_lif": portable_lif((6, 1, 3), 2048),
        "i_flatten": nir.Flatten(np.array([6, 1, 3]), 0, 1),
        "j_linear": nir.Linear(weights(rng, 2, 3, gain=1.0)),
        "k_flatten": nir.Flatten(np.array([6, 2]), 0, -1),
        "l_fc": nir.Affine(weights(rng, 3, 12, gain=1.0), biases(rng, 3)),
        "output": nir.Output(np.array([3])),
    }
    edges = [*chain(nodes), ("a_conv", "d_if"), ("b_lif", "d_if")]
    readout = ReadoutFacts(weights=(0.5, 1.0, 1.5, 2.0, 0.25))
    return with_facts(nodes, edges, time_steps=5, readout=readout)


def odd_images(samples: int, seed: int = 3) -> np.ndarray:
    """Random inputs for `odd_network`, float32 [N, 2, 5, 6]."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(samples, 2, 5, 6)).astype(np.float32)


def every_network(samples: int) -> dict[str, Case]:
    """Each kind of network with inputs for it, by name."""
    return {
        "conv": (conv_network(), images(samples)),
        "residual": (residual_network(), images(samples)),
        "dense": (dense_network(), spike_trains(samples)),
        "odd": (odd_network(), odd_images(samples)),
    }
