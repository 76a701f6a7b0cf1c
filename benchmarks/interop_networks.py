"""Random networks for benchmarks/interop.py, by kind, every population of which fires.

Written in NIR's own terms (physical encoding, r = tau/dt), float64, with decays on no grid; the
profiles make the files. Thresholds are set layer by layer to a quantile of the membranes, so that
rates lie between 2 and 80 per cent.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import nir
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from export.executor import run_graph
from export.graph_order import in_order
from export.nir_metadata import NOMINAL_DT_S, FrozenFacts, InputFacts, attach_facts

DT_S = NOMINAL_DT_S
SAMPLES = 4
LOWEST_RATE, HIGHEST_RATE = 0.02, 0.8
ATTEMPTS = 20
SMALLEST_IMAGE = 5
"""Into which a dilated 3x3 kernel fits."""
Edges = list[tuple[str, str]]
Nodes = dict[str, nir.NIRNode]


@dataclass(frozen=True)
class Drawn:
    """A network and spike trains for it.

    Args:
        kind: its row of KINDS.
        seed: it was drawn from.
        graph: physical encoding, with facts.
        inputs: [N, T, *shape], zeros and ones.
    """

    kind: str
    seed: int
    graph: nir.NIRGraph
    inputs: NDArray[np.float32]


def draw(kind: str, seed: int) -> Drawn:
    """The network of a seed; draws again, from the same generator, until all of it fires.

    Raises:
        RuntimeError: no draw fires everywhere.
    """
    rng = np.random.default_rng([seed, list(KINDS).index(kind)])
    for _ in range(ATTEMPTS):
        nodes, edges = KINDS[kind](rng)
        steps = int(rng.integers(20, 50))
        shape = tuple(int(size) for size in nodes["input"].input_type["input"])
        graph = nir.NIRGraph(nodes, edges, type_check=False)
        inputs = InputFacts(form="sequence", shape=shape)
        attach_facts(
            graph, FrozenFacts(spikeport="benchmark", dt_s=DT_S, time_steps=steps, input=inputs)
        )
        trains = (rng.random((SAMPLES, steps, *shape)) < rng.uniform(0.2, 0.6)).astype(np.float32)
        if _made_to_fire(graph, trains, rng):
            return Drawn(kind, seed, graph, trains)
    raise RuntimeError(f"{kind}, seed {seed}: no draw of {ATTEMPTS} fires everywhere.")


def _made_to_fire(graph: nir.NIRGraph, trains: NDArray[np.float32], rng: Generator) -> bool:
    """Sets thresholds in computing order; whether every population then fires."""
    names = [node.name for node in in_order(graph, loops=True, unfolded=True) if node.fires]
    for name in names:
        membranes = run_graph(graph, trains, record=True).membranes[name]
        threshold = _between(np.unique(membranes), rng.uniform(0.7, 0.92))
        node = graph.nodes[name]
        node.v_threshold = np.full(node.v_threshold.shape, threshold)
    rates = [fired.mean() for fired in run_graph(graph, trains).spikes.values()]
    return all(LOWEST_RATE <= rate <= HIGHEST_RATE for rate in rates)


def _between(values: NDArray[np.float64], share: float) -> float:
    """About the quantile of the values, in the middle of a gap: tools differ on ties (> and >=)."""
    positive = values[values > 0.05]
    if len(positive) < 2:
        return 1.0
    gaps = np.diff(positive)
    near = int(share * (len(positive) - 1))
    wide = np.flatnonzero(gaps > 1e-6)
    at = wide[np.abs(wide - near).argmin()] if len(wide) else near
    return float(positive[at : at + 2].mean())


def _dense(rng: Generator) -> tuple[Nodes, Edges]:
    return _layers(rng, _lif)


def _recurrent(rng: Generator) -> tuple[Nodes, Edges]:
    nodes, edges = _layers(rng, _lif)
    _feed_back(rng, nodes, edges)
    return nodes, edges


def _per_neuron_decay(rng: Generator) -> tuple[Nodes, Edges]:
    return _layers(rng, _varied_lif)


def _cuba(rng: Generator) -> tuple[Nodes, Edges]:
    nodes, edges = _layers(rng, _cuba_lif)
    if rng.random() < 0.5:
        _feed_back(rng, nodes, edges)
    return nodes, edges


def _conv(rng: Generator) -> tuple[Nodes, Edges]:
    channels, size = int(rng.integers(1, 4)), int(rng.integers(7, 12))
    nodes: Nodes = {"input": nir.Input(np.array([channels, size, size]))}
    shape: tuple[int, ...] = (channels, size, size)
    for index in range(int(rng.integers(1, 3))):
        if min(shape[1:]) < SMALLEST_IMAGE:
            break
        nodes[f"a{index}_conv"], shape = _convolution(rng, shape)
        nodes[f"a{index}_lif"] = _lif(rng, shape)
    return _read_out(rng, nodes, shape)


def _pooling(rng: Generator) -> tuple[Nodes, Edges]:
    channels, size = int(rng.integers(1, 4)), 2 * int(rng.integers(5, 8))
    nodes: Nodes = {"input": nir.Input(np.array([channels, size, size]))}
    shape: tuple[int, ...] = (channels, size, size)
    for index in range(2):
        nodes[f"a{index}_conv"], shape = _convolution(rng, shape, plain=True)
        nodes[f"a{index}_lif"] = _lif(rng, shape)
        kernel = int(rng.integers(2, 4))
        window = (np.array([kernel] * 2), np.array([2, 2]), np.array([0, 0]))
        nodes[f"a{index}_pool"] = nir.SumPool2d(*window)
        shape = (shape[0], *((side - kernel) // 2 + 1 for side in shape[1:]))
    return _read_out(rng, nodes, shape)


KINDS: dict[str, Callable[[Generator], tuple[Nodes, Edges]]] = {
    "dense": _dense,
    "conv": _conv,
    "pooling": _pooling,
    "recurrent": _recurrent,
    "per-neuron decay": _per_neuron_decay,
    "cuba": _cuba,
}


def _layers(
    rng: Generator, neurons: Callable[[Generator, tuple[int, ...]], nir.NIRNode]
) -> tuple[Nodes, Edges]:
    """One to three dense layers, with a bias or without, and a linear output."""
    inputs = int(rng.integers(5, 40))
    nodes: Nodes = {"input": nir.Input(np.array([inputs]))}
    for index in range(int(rng.integers(1, 4))):
        outputs = int(rng.integers(4, 40))
        nodes[f"a{index}_fc"] = _weights(rng, inputs, outputs)
        nodes[f"a{index}_lif"] = neurons(rng, (outputs,))
        inputs = outputs
    return _read_out(rng, nodes, (inputs,))


def _read_out(rng: Generator, nodes: Nodes, shape: tuple[int, ...]) -> tuple[Nodes, Edges]:
    if len(shape) > 1:
        nodes["b_flatten"] = nir.Flatten({"input": np.array(shape)}, start_dim=0, end_dim=-1)
    classes = int(rng.integers(2, 11))
    nodes["c_fc"] = _weights(rng, int(np.prod(shape)), classes)
    nodes["output"] = nir.Output(np.array([classes]))
    return nodes, list(pairwise(nodes))


def _feed_back(rng: Generator, nodes: Nodes, edges: Edges) -> None:
    """Gives some populations, one at least, weights from their own spikes."""
    populations = [name for name in nodes if name.endswith("_lif")]
    for name in populations:
        if name == populations[0] or rng.random() < 0.5:
            size = len(nodes[name].v_threshold)
            weights = f"{name.removesuffix('_lif')}_rec"
            nodes[weights] = _weights(rng, size, size)
            edges += [(name, weights), (weights, name)]


def _weights(rng: Generator, inputs: int, outputs: int) -> nir.NIRNode:
    weight = rng.normal(size=(outputs, inputs)) * rng.uniform(1, 3) / np.sqrt(inputs)
    single = weight.astype(np.float32)
    if rng.random() < 0.3:
        return nir.Linear(single)
    return nir.Affine(single, (0.1 * rng.normal(size=outputs)).astype(np.float32))


def _convolution(
    rng: Generator, shape: tuple[int, ...], *, plain: bool = False
) -> tuple[nir.Conv2d, tuple[int, ...]]:
    """3x3 with padding 1; unless plain, any of strides, dilations, groups and 1x3 kernels."""
    groups = int(shape[0]) if not plain and rng.random() < 0.25 else 1
    outputs = groups * int(rng.integers(1, 5))
    kernel = [(3, 3), (1, 3), (2, 2)][0 if plain else int(rng.integers(3))]
    stride, dilation = (1, 1) if plain else (int(rng.integers(1, 3)), int(rng.integers(1, 3)))
    padding = 1 if plain else int(rng.integers(2))
    weight = rng.normal(size=(outputs, shape[0] // groups, *kernel))
    weight *= rng.uniform(1, 3) / np.sqrt(np.prod(weight.shape[1:]))
    bias = 0.1 * rng.normal(size=outputs)
    node = nir.Conv2d(
        input_shape=(shape[1], shape[2]),
        weight=weight.astype(np.float32),
        stride=(stride, stride),
        padding=(padding, padding),
        dilation=(dilation, dilation),
        groups=groups,
        bias=bias.astype(np.float32),
    )
    sides = (
        (side + 2 * padding - dilation * (size - 1) - 1) // stride + 1
        for side, size in zip(shape[1:], kernel, strict=True)
    )
    return node, (outputs, *sides)


def _lif(rng: Generator, shape: tuple[int, ...]) -> nir.LIF:
    """One decay for all."""
    return _lif_of(np.full(shape, rng.uniform(0.1, 0.95)))


def _varied_lif(rng: Generator, shape: tuple[int, ...]) -> nir.LIF:
    """A decay for each neuron."""
    return _lif_of(rng.uniform(0.1, 0.95, size=shape))


def _lif_of(decay: NDArray[np.float64]) -> nir.LIF:
    tau = DT_S / (1 - decay)
    none = np.zeros(decay.shape)
    return nir.LIF(tau, tau / DT_S, none, np.ones(decay.shape), none.copy())


def _cuba_lif(rng: Generator, shape: tuple[int, ...]) -> nir.CubaLIF:
    """One decay of the synapses and one of the membranes."""
    tau_syn, tau_mem = (np.full(shape, DT_S / (1 - rng.uniform(0.1, 0.9))) for _ in range(2))
    none = np.zeros(shape)
    return nir.CubaLIF(
        tau_syn=tau_syn,
        tau_mem=tau_mem,
        r=tau_mem / DT_S,
        v_leak=none,
        v_threshold=np.ones(shape),
        v_reset=none.copy(),
        w_in=tau_syn / DT_S,
    )
