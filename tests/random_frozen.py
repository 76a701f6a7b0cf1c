"""Random small frozen networks for the importers, whose every population fires."""

from collections.abc import Callable
from itertools import pairwise

import nir
import numpy as np
from numpy.typing import NDArray

from export.executor import run_graph
from export.nir_metadata import FrozenFacts, InputFacts, ResetRule, attach_facts, read_facts

DT = 1e-4
FIRING = (nir.LIF, nir.IF, nir.CubaLIF)
T, N = 24, 6
FloatArray = NDArray[np.float64]


def neuron(
    shape: tuple[int, ...],
    decay: FloatArray | float,
    threshold: FloatArray | float = 1.0,
    synapse: FloatArray | float = 0.0,
    reset: float = 0.0,
    leak: float = 0.0,
) -> nir.NIRNode:
    """CubaLIF at unit gain where there is a synapse, else LIF, or IF where nothing leaks."""
    full = np.ones(shape)
    decay = full * decay
    common = {
        "v_threshold": full * threshold, "v_reset": full * reset
    }  # fmt: skip
    if (decay == 1.0).all():
        return nir.IF(r=full / DT, **common)
    tau = DT / (1.0 - decay)
    if np.any(synapse):
        tau_syn = DT / (1.0 - full * synapse)
        return nir.CubaLIF(
            tau_syn=tau_syn, tau_mem=tau, r=tau / DT, w_in=tau_syn / DT, v_leak=full * leak,
            **common,
        )  # fmt: skip
    return nir.LIF(tau=tau, r=tau / DT, v_leak=full * leak, **common)


def facts(shape: tuple[int, ...], time_steps: int = T) -> FrozenFacts:
    """Of a network on sequences."""
    return FrozenFacts(
        spikeport="0.1.0", time_steps=time_steps,
        input=InputFacts(form="sequence", shape=shape),
    )  # fmt: skip


def chain(nodes: dict[str, nir.NIRNode], time_steps: int = T) -> nir.NIRGraph:
    """Nodes in a row between an Input and an Output of their shapes."""
    names = list(nodes)
    graph = nir.NIRGraph(nodes, list(pairwise(names)), type_check=False)
    shape = tuple(int(n) for n in nodes[names[0]].input_type["input"])
    attach_facts(graph, facts(shape, time_steps))
    return graph


def ends(given: tuple[int, ...], made: tuple[int, ...], body: dict[str, nir.NIRNode]) -> (
    dict[str, nir.NIRNode]
):  # fmt: skip
    """The body between Input and Output."""
    return {
        "input": nir.Input({"input": np.array(given)}),
        **body,
        "output": nir.Output({"output": np.array(made)}),
    }


def affine(draw: np.random.Generator, outputs: int, inputs: int, gain: float = 1.5) -> nir.Affine:
    """Dense weights around zero and a small bias."""
    weight = draw.normal(0.1, gain / np.sqrt(inputs), (outputs, inputs)).astype(np.float32)
    return nir.Affine(weight, draw.uniform(0, 0.2, outputs).astype(np.float32))


def conv(
    draw: np.random.Generator, outputs: int, inputs: int, size: int, **options: object
) -> nir.Conv2d:
    """A 3x3 convolution that keeps the size, unless told otherwise."""
    groups = int(options.pop("groups", 1))  # type: ignore[call-overload]
    kernel = options.pop("kernel", (3, 3))
    padding = options.pop("padding", (1, 1))
    assert not options
    per_group = inputs // groups
    fan_in = per_group * int(np.prod(kernel))  # type: ignore[call-overload]
    return nir.Conv2d(
        (size, size),
        draw.normal(0.05, 1.5 / np.sqrt(fan_in), (outputs, per_group, *kernel)).astype(np.float32),  # type: ignore[misc]
        (1, 1), padding, (1, 1), groups, draw.uniform(0, 0.2, outputs).astype(np.float32),
    )  # fmt: skip


def dense(seed: int, decays: FloatArray | tuple[float, float] = (0.9, 0.75), **cell: object) -> (
    nir.NIRGraph
):  # fmt: skip
    """Two populations and a readout."""
    draw = np.random.default_rng(seed)
    first, second = decays
    return chain(ends((9,), (4,), {
        "l000_fc": affine(draw, 14, 9),
        "l001_lif": neuron((14,), first, **cell),  # type: ignore[arg-type]
        "l002_fc": affine(draw, 11, 14),
        "l003_lif": neuron((11,), second, **cell),  # type: ignore[arg-type]
        "l004_fc": affine(draw, 4, 11),
    }))  # fmt: skip


def per_neuron(seed: int, synapse: bool = False) -> nir.NIRGraph:
    """Decays that differ from neuron to neuron, also those of synapses if there are any."""
    draw = np.random.default_rng(seed)
    cells = [
        neuron((size,), np.round(draw.uniform(0.3, 0.97, size) * 4096) / 4096,
               synapse=draw.uniform(0.2, 0.8, size) if synapse else 0.0)
        for size in (14, 11)
    ]  # fmt: skip
    return chain(ends((9,), (4,), {
        "l000_fc": affine(draw, 14, 9), "l001_lif": cells[0], "l002_fc": affine(draw, 11, 14),
        "l003_lif": cells[1], "l004_fc": affine(draw, 4, 11),
    }))  # fmt: skip


def pooled(seed: int, decay: float = 0.8, *, groups: int = 1, tall: bool = False) -> nir.NIRGraph:
    """Convolutions, sum pooling and a readout; grouped and with a 3x1 kernel if asked."""
    draw = np.random.default_rng(seed)
    shape = {"kernel": (3, 1), "padding": (1, 0)} if tall else {}
    return chain(ends((2, 6, 6), (4,), {
        "l000_conv": conv(draw, 4, 2, 6, groups=groups, **shape),
        "l001_lif": neuron((4, 6, 6), decay),
        "l002_sumpool": nir.SumPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])),
        "l003_conv": conv(draw, 5, 4, 3),
        "l004_lif": neuron((5, 3, 3), decay, 2.0),
        "l005_flatten": nir.Flatten({"input": np.array([5, 3, 3])}, start_dim=0, end_dim=-1),
        "l006_fc": affine(draw, 4, 45),
    }))  # fmt: skip


def recurrent(
    seed: int, decay: FloatArray | float = 0.85, *, bias: bool = False, **cell: object
) -> nir.NIRGraph:
    """A flat loop of one population, then another population and a readout."""
    draw = np.random.default_rng(seed)
    graph = chain(ends((9,), (4,), {
        "l000_fc": affine(draw, 12, 9),
        "l001_lif": neuron((12,), decay, **cell),  # type: ignore[arg-type]
        "l003_fc": affine(draw, 10, 12),
        "l004_lif": neuron((10,), decay if np.ndim(decay) == 0 else 0.7, **cell),  # type: ignore[arg-type]
        "l005_fc": affine(draw, 4, 10),
    }))  # fmt: skip
    weights = draw.normal(-0.1, 0.5 / np.sqrt(12), (12, 12)).astype(np.float32)
    shift = draw.uniform(-0.3, 0.3, 12).astype(np.float32)
    graph.nodes["l002_w_rec"] = nir.Affine(weights, shift) if bias else nir.Linear(weights)
    graph.edges += [("l001_lif", "l002_w_rec"), ("l002_w_rec", "l001_lif")]
    return graph


def inputs(graph: nir.NIRGraph, seed: int = 5, samples: int = N) -> FloatArray:
    """Random spikes [N, T, *shape]."""
    found = read_facts(graph)
    draw = np.random.default_rng(seed)
    shape = (samples, found.time_steps, *found.input.shape)
    return (draw.random(shape) < 0.4).astype(np.float64)


def lively(make: Callable[[int], nir.NIRGraph], seed: int) -> nir.NIRGraph:
    """The first network from that seed on whose every population fires, none all the time."""
    for more in range(50):
        graph = make(seed + 1000 * more)
        run = run_graph(graph, inputs(graph))
        if all(0.02 < (fired > 0).mean() < 0.95 for fired in run.spikes.values()):
            return graph
    raise AssertionError("no lively network found")


def ruled(graph: nir.NIRGraph, rule: ResetRule) -> nir.NIRGraph:
    """The same network, every population of which resets by that rule."""
    firing = [name for name, node in graph.nodes.items() if isinstance(node, FIRING)]
    found = read_facts(graph)
    attach_facts(graph, found.model_copy(update={"resets": dict.fromkeys(firing, rule)}))
    return graph


def lagging(graph: nir.NIRGraph) -> nir.NIRGraph:
    """A chain with a Delay of one step behind every population."""
    nodes: dict[str, nir.NIRNode] = {}
    for name, node in graph.nodes.items():
        nodes[name] = node
        if isinstance(node, FIRING):
            nodes[f"{name}_lag"] = nir.Delay(np.full(node.v_threshold.shape, DT))
    names = list(nodes)
    return nir.NIRGraph(nodes, list(pairwise(names)), dict(graph.metadata), type_check=False)


def single_step(graph: nir.NIRGraph) -> nir.NIRGraph:
    """The same network on sequences of one step."""
    attach_facts(graph, read_facts(graph).model_copy(update={"time_steps": 1}))
    return graph


KINDS: dict[str, Callable[[int], nir.NIRGraph]] = {
    "dense": dense,
    "conv": lambda seed: pooled(seed),
    "grouped": lambda seed: pooled(seed, groups=2),
    "tall": lambda seed: pooled(seed, tall=True),
    "conv-if": lambda seed: pooled(seed, 1.0),
    "if": lambda seed: dense(seed, (1.0, 1.0)),
    "forgetting": lambda seed: dense(seed, (0.0, 0.0)),
    "forgetting-recurrent": lambda seed: recurrent(seed, 0.0),
    "one-step": lambda seed: single_step(dense(seed, (0.4, 0.3))),
    "recurrent": recurrent,
    "recurrent-bias": lambda seed: recurrent(seed, bias=True),
    "per-neuron": per_neuron,
    "per-neuron-recurrent": lambda seed: recurrent(seed, np.linspace(0.3, 0.95, 12)),
    "synapse": lambda seed: dense(seed, synapse=0.5),
    "synapse-recurrent": lambda seed: recurrent(seed, synapse=0.5),
    "per-neuron-synapse": lambda seed: per_neuron(seed, synapse=True),
    "threshold-2": lambda seed: dense(seed, threshold=2.0),
    "reset": lambda seed: dense(seed, reset=-0.3),
    "leak": lambda seed: dense(seed, leak=0.2),
    "subtract": lambda seed: ruled(dense(seed), "subtract"),
    "subtract-synapse": lambda seed: ruled(per_neuron(seed, synapse=True), "subtract"),
    "several": lambda seed: ruled(dense(seed), "subtract-multi"),
    "several-conv-if": lambda seed: ruled(pooled(seed, 1.0), "subtract-multi"),
    "several-recurrent": lambda seed: ruled(recurrent(seed), "subtract-multi"),
    "later-lagging": lambda seed: lagging(ruled(dense(seed), "subtract-delayed")),
    "synapse-lagging": lambda seed: lagging(ruled(dense(seed, synapse=0.5), "subtract")),
}
"""Kinds of network, from a seed."""
