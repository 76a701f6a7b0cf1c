"""From a float graph to an unfolded NIR graph, float64: the trained network, word for word.

Batch norm is a node of our own, average pooling is AvgPool2d, and a neuron keeps its threshold and
its membrane's units: r = tau / dt for v <- beta v + x, and r = 1 where the decay scales the current
too, v <- beta v + (1 - beta) x. The foldings (export.folding) and `portable` do the rest.
"""

import nir
import numpy as np

from export.errors import LimitExceeded, UnsupportedLayer
from export.folding.neuron_state import unit_resistance
from export.freezing.float_graph import (
    Conv,
    Dense,
    Flatten,
    FloatArray,
    FloatGraph,
    Layer,
    Neuron,
    Norm,
    Operation,
    Pool,
    Sink,
    Source,
    Sum,
)
from export.nested_population import INNER_NEURON, INNER_WEIGHTS
from export.nir_metadata import NOMINAL_DT_S
from export.unfolded_nodes import BatchNorm

DECAY_GRID = 4096
KINDS: dict[type[Operation], str] = {
    Conv: "conv",
    Dense: "fc",
    Pool: "sumpool",
    Flatten: "flatten",
    Neuron: "lif",
}


def snap_decay(name: str, decay: float) -> int:
    """The decay in 4096ths, the chip's grid.

    Raises:
        LimitExceeded: it rounds to 1, a neuron without leak, which the portable encoding lacks.
    """
    snapped = round(decay * DECAY_GRID)
    if not 0 <= snapped < DECAY_GRID:
        raise LimitExceeded(
            f"layer '{name}': decay {decay:.6f} rounds to {snapped}/4096; the portable encoding "
            "needs 0 to 4095. Train with a decay below 0.9998."
        )
    return snapped


def nir_names(graph: FloatGraph) -> dict[str, str]:
    """NIR node name of every layer: input, l000_conv, l001_lif, ..., output; sums have none.

    The names sort in topological order, since NIR files lose the order of nodes. What folding
    removes or exchanges is named as after it: norms have no number of their own, and an average
    pooling is a sumpool. Neurons that feed themselves, and their weights, are named as
    `export.flattened` names the nodes of a nested graph, which `portable` makes of them.
    """
    names: dict[str, str] = {}
    index = norms = 0
    for layer in graph.layers:
        if isinstance(layer.operation, Source):
            names[layer.name] = "input"
        elif isinstance(layer.operation, Sink):
            names[layer.name] = "output"
        elif isinstance(layer.operation, Norm):
            names[layer.name] = f"norm{norms:03d}"
            norms += 1
        elif not isinstance(layer.operation, Sum):
            names[layer.name] = f"l{index:03d}_{KINDS[type(layer.operation)]}"
            if recurrent_weight(layer) is not None:
                names[layer.name] += f".{INNER_NEURON}"
            index += 1
    return names


def recurrent_weight(layer: Layer) -> FloatArray | None:
    """Weights [N, N] with which a layer feeds itself; None without any."""
    operation = layer.operation
    return operation.recurrent if isinstance(operation, Neuron) else None


def recurrent_name(neuron: str) -> str:
    """NIR node name of the weights with which a population feeds itself."""
    return f"{neuron.removesuffix(INNER_NEURON)}{INNER_WEIGHTS}"


def to_nir(graph: FloatGraph) -> nir.NIRGraph:
    """The unfolded NIR graph; weights and neuron parameters float64, the latter full size.

    Raises:
        UnsupportedLayer: NIR can't hold a connection.
        LimitExceeded: a decay leaves the chip's grid.
    """
    names = nir_names(graph)
    nodes = {
        names[layer.name]: _node(graph, layer) for layer in graph.layers if layer.name in names
    }
    edges = [
        (source, names[layer.name])
        for layer in graph.layers
        if layer.name in names
        for source in _sources(graph, layer, names)
    ]
    for layer in graph.layers:
        weight = recurrent_weight(layer)
        if weight is not None:
            neuron = names[layer.name]
            back = recurrent_name(neuron)
            nodes[back] = nir.Affine(weight, np.zeros(len(weight)))
            edges += [(neuron, back), (back, neuron)]
    # NIR's own check knows neither our nodes nor rectangular kernels.
    return nir.NIRGraph(nodes, edges, type_check=False)


def _sources(graph: FloatGraph, layer: Layer, names: dict[str, str]) -> list[str]:
    sources = [node for name in layer.inputs for node in _through_sums(graph, name, names)]
    twice = next((node for node in sources if sources.count(node) > 1), None)
    if twice is not None:
        module = next(name for name, node in names.items() if node == twice)
        raise UnsupportedLayer(
            f"layer '{layer.name}': receives the output of '{module}' twice over, and NIR has no "
            "double edges. Put a convolution or linear layer into one of the paths."
        )
    return sources


def _through_sums(graph: FloatGraph, name: str, names: dict[str, str]) -> list[str]:
    # NIR adds all edges that enter a node, so a sum is nothing but its inputs' edges.
    if name in names:
        return [names[name]]
    return [
        node for source in graph.layer(name).inputs for node in _through_sums(graph, source, names)
    ]


def _node(graph: FloatGraph, layer: Layer) -> nir.NIRNode:
    operation = layer.operation
    before = graph.layer(layer.inputs[0]).shape if layer.inputs else layer.shape
    if isinstance(operation, Source):
        return nir.Input({"input": np.array(layer.shape)})
    if isinstance(operation, Sink):
        return nir.Output({"output": np.array(layer.shape)})
    if isinstance(operation, Dense):
        return nir.Affine(operation.weight, operation.bias)
    if isinstance(operation, Norm):
        return BatchNorm(operation.gain, operation.shift)
    if isinstance(operation, Conv):
        return _conv2d(operation, (before[1], before[2]))
    if isinstance(operation, Pool):
        window = (operation.kernel, operation.stride, operation.padding)
        return nir.AvgPool2d(*map(np.array, window))
    if isinstance(operation, Flatten):
        return nir.Flatten({"input": np.array(before)}, start_dim=0, end_dim=-1)
    if isinstance(operation, Neuron):
        return _lif(layer.name, operation, layer.shape)
    raise UnsupportedLayer(
        f"layer '{layer.name}' ({type(operation).__name__}): NIR has no such node."
    )


def _conv2d(conv: Conv, input_shape: tuple[int, int]) -> nir.Conv2d:
    return nir.Conv2d(
        input_shape=input_shape,
        weight=conv.weight,
        stride=conv.stride,
        padding=conv.padding,
        dilation=conv.dilation,
        groups=conv.groups,
        bias=conv.bias,
    )


def _lif(name: str, neuron: Neuron, shape: tuple[int, ...]) -> nir.LIF:
    # What the portable form would refuse is refused before anything is folded.
    snap_decay(name, neuron.decay)
    rate = 1.0 - neuron.decay
    lif = nir.LIF(
        tau=np.full(shape, NOMINAL_DT_S / rate),
        r=np.ones(shape),
        v_leak=np.zeros(shape),
        v_threshold=np.full(shape, neuron.threshold * (rate if neuron.decay_input else 1.0)),
        v_reset=np.zeros(shape),
    )
    if not neuron.decay_input:
        lif.r = unit_resistance(lif, NOMINAL_DT_S)
    return lif
