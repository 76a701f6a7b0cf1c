"""From a folded float graph to NIR in the portable encoding C2.

With beta the decay and unit resistance r = 1, NIR's Euler step is v <- beta v + (1 - beta) x.
So the state is scaled: v = (1 - beta) u, v_threshold = (1 - beta) threshold, tau = dt / (1 - beta);
weights stay as they are. Norse, snnTorch and SpikingJelly compute the same spikes from it.
"""

import nir
import numpy as np
from numpy.typing import NDArray

from export.errors import InvalidGraph, LimitExceeded, UnsupportedLayer
from export.freezing.float_graph import (
    Conv,
    Dense,
    Flatten,
    FloatArray,
    FloatGraph,
    Layer,
    Neuron,
    Operation,
    Pool,
    Sink,
    Source,
    Sum,
)
from export.nir_metadata import NOMINAL_DT_S

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

    The names sort in topological order, since NIR files lose the order of nodes.
    """
    names: dict[str, str] = {}
    index = 0
    for layer in graph.layers:
        if isinstance(layer.operation, Source):
            names[layer.name] = "input"
        elif isinstance(layer.operation, Sink):
            names[layer.name] = "output"
        elif not isinstance(layer.operation, Sum):
            names[layer.name] = f"l{index:03d}_{KINDS[type(layer.operation)]}"
            index += 1
    return names


def to_nir(graph: FloatGraph) -> nir.NIRGraph:
    """The NIR graph; weights float32, neuron parameters float64 and full size.

    Raises:
        UnsupportedLayer: NIR, or its readers, can't hold a layer or a connection.
        LimitExceeded: a decay leaves the chip's grid.
        InvalidGraph: a folded weight leaves float32.
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
    return nir.NIRGraph(nodes, edges)


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
        return nir.Affine(*(_single(layer.name, a) for a in (operation.weight, operation.bias)))
    if isinstance(operation, Conv):
        return _conv2d(layer.name, operation, (before[1], before[2]))
    if isinstance(operation, Pool):
        window = (operation.kernel, operation.stride, operation.padding)
        return nir.SumPool2d(*map(np.array, window))
    if isinstance(operation, Flatten):
        return nir.Flatten({"input": np.array(before)}, start_dim=0, end_dim=-1)
    if isinstance(operation, Neuron):
        return _portable_lif(layer.name, operation, layer.shape)
    raise UnsupportedLayer(
        f"layer '{layer.name}' ({type(operation).__name__}): NIR has no such node. Fold it first."
    )


def _conv2d(name: str, conv: Conv, input_shape: tuple[int, int]) -> nir.Conv2d:
    weight, padding = _square(name, _ungrouped(conv), conv)
    return nir.Conv2d(
        input_shape=input_shape,
        weight=_single(name, weight),
        stride=conv.stride,
        padding=padding,
        dilation=conv.dilation,
        groups=1,
        bias=_single(name, conv.bias),
    )


def _single(name: str, weights: FloatArray) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        rounded = weights.astype(np.float32)
    if not np.isfinite(rounded).all():
        raise InvalidGraph(
            f"layer '{name}': folding batch norm and threshold into its weights leaves float32 "
            "(NaN or infinity). Train again with a lower learning rate."
        )
    return rounded


def _square(name: str, weight: FloatArray, conv: Conv) -> tuple[FloatArray, tuple[int, int]]:
    """Kernel filled up with zeros to a square, and the padding that keeps its result the same.

    NIR's own type check takes the first size of a kernel for both, so a file with a 3x1 kernel
    can't be read by anyone.
    """
    sizes = weight.shape[2:]
    missing = [max(sizes) - size for size in sizes]
    if any(more % 2 for more in missing):
        raise UnsupportedLayer(
            f"layer '{name}': a {sizes[0]}x{sizes[1]} kernel can't be filled up to a square on "
            "both sides alike, and NIR's readers take squares only. Use two odd or two even sizes."
        )
    before = [more // 2 for more in missing]
    padding = [p + d * b for p, d, b in zip(conv.padding, conv.dilation, before, strict=True)]
    filled = np.pad(weight, [(0, 0), (0, 0), *((b, b) for b in before)])
    return filled, (padding[0], padding[1])


def _ungrouped(conv: Conv) -> FloatArray:
    """Dense block-diagonal kernel [O, I, kH, kW]: importers and NIR's type check ignore groups."""
    if conv.groups == 1:
        return conv.weight
    outputs, per_group = conv.weight.shape[:2]
    full = np.zeros((outputs, per_group * conv.groups, *conv.weight.shape[2:]))
    rows = outputs // conv.groups
    for group in range(conv.groups):
        row, column = group * rows, group * per_group
        full[row : row + rows, column : column + per_group] = conv.weight[row : row + rows]
    return full


def _portable_lif(name: str, neuron: Neuron, shape: tuple[int, ...]) -> nir.LIF:
    rate = 1.0 - snap_decay(name, neuron.decay) / DECAY_GRID
    return nir.LIF(
        tau=np.full(shape, NOMINAL_DT_S / rate),
        r=np.ones(shape),
        v_leak=np.zeros(shape),
        v_threshold=np.full(shape, rate * neuron.threshold),
        v_reset=np.zeros(shape),
    )
