"""Exact foldings, each a pure function from float graph to float graph.

Order: norms into weights, divisions of average pooling into the next weights, thresholds to 1.
Every result computes the same spikes as its input in exact arithmetic.
"""

from fractions import Fraction

import numpy as np

from export.errors import InvalidGraph, UnsupportedLayer
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
    Sum,
)

Affine = Conv | Dense
Gains = dict[str, Fraction]
"""Per layer, what its output after folding must be multiplied with to be what it was before."""


def fold_norms(graph: FloatGraph) -> FloatGraph:
    """Batch norm into the convolution or linear layer before it: W' = gain W, b' = gain b + shift.

    Raises:
        UnsupportedLayer: a norm doesn't directly follow a layer that feeds it alone.
    """
    for norm in graph.layers:
        operation = norm.operation
        if not isinstance(operation, Norm):
            continue
        before = graph.layer(graph.layer(norm.name).inputs[0])
        if not isinstance(before.operation, Affine) or len(graph.consumers(before.name)) != 1:
            raise UnsupportedLayer(
                f"layer '{norm.name}': batch norm after '{before.name}' "
                f"({type(before.operation).__name__}) can't be folded. Put it right after a "
                "convolution or linear layer that feeds nothing else."
            )
        folded = scaled(before.operation, operation.gain, operation.shift)
        graph = graph.replaced({before.name: folded}).without(norm.name)
    return graph


def fold_pooling(graph: FloatGraph) -> FloatGraph:
    """Average pooling becomes a sum; 1 / (kH kW) moves into the next weights or threshold.

    Raises:
        UnsupportedLayer: a sum adds branches whose divisions differ and can't be made equal, or a
            division reaches the output.
    """
    changed: dict[str, Operation] = {}
    gain: Gains = {}
    for layer in graph.layers:
        before = [gain[name] for name in layer.inputs]
        gain[layer.name] = Fraction(1)
        operation = layer.operation
        if isinstance(operation, Pool):
            gain[layer.name] = before[0] / (operation.kernel[0] * operation.kernel[1])
            summed = Pool(operation.kernel, operation.stride, operation.padding, summed=True)
            changed[layer.name] = summed
        elif isinstance(operation, Flatten):
            gain[layer.name] = before[0]
        elif isinstance(operation, Affine):
            changed[layer.name] = weights_scaled(operation, float(before[0]))
        elif isinstance(operation, Neuron):
            changed[layer.name] = Neuron(
                operation.decay, operation.threshold * float(1 / before[0])
            )
        elif isinstance(operation, Sum):
            gain[layer.name] = _common_gain(graph, layer, gain, changed)
        elif isinstance(operation, Sink) and before[0] != 1:
            _undo_at_output(graph, layer.inputs[0], before[0], changed)
    return graph.replaced(changed)


def rescale_thresholds(graph: FloatGraph) -> FloatGraph:
    """Threshold 1 everywhere: weights and bias before a neuron are divided by its threshold.

    A neuron that also receives spikes without weights in between (an identity skip), or whose
    weights feed another neuron too, keeps its threshold.
    """
    for layer in graph.layers:
        if not isinstance(layer.operation, Neuron) or layer.operation.threshold == 1.0:
            continue
        sources = _linear_sources(graph, layer.name)
        if sources is None or any(_feeds(graph, name) != {layer.name} for name in sources):
            continue
        changed: dict[str, Operation] = {layer.name: Neuron(layer.operation.decay, 1.0)}
        for name in sources:
            operation = graph.layer(name).operation
            if isinstance(operation, Affine):
                size = len(operation.bias)
                factor = np.full(size, 1.0 / layer.operation.threshold)
                changed[name] = scaled(operation, factor, np.zeros(size))
        graph = graph.replaced(changed)
    return graph


def scaled(operation: Affine, gain: FloatArray, shift: FloatArray) -> Affine:
    """Y' = gain * y + shift per output channel, as new weights and bias."""
    weight = operation.weight * gain.reshape(-1, *(1,) * (operation.weight.ndim - 1))
    bias = operation.bias * gain + shift
    if isinstance(operation, Dense):
        return Dense(weight, bias)
    return Conv(
        weight, bias, operation.stride, operation.padding, operation.dilation, operation.groups
    )


def weights_scaled(operation: Affine, factor: float) -> Affine:
    """W' = factor W, with the bias left alone: the input was divided by `factor`."""
    if isinstance(operation, Dense):
        return Dense(operation.weight * factor, operation.bias)
    return Conv(
        operation.weight * factor,
        operation.bias,
        operation.stride,
        operation.padding,
        operation.dilation,
        operation.groups,
    )


def _common_gain(
    graph: FloatGraph, layer: Layer, gain: Gains, changed: dict[str, Operation]
) -> Fraction:
    fixed = {gain[name] for name in layer.inputs if not _scalable(graph, name)}
    if len(fixed) > 1:
        raise UnsupportedLayer(
            f"layer '{layer.name}': adds branches that were average-pooled differently. Put a "
            "convolution or linear layer between the pooling and the addition."
        )
    common = fixed.pop() if fixed else Fraction(1)
    for name in layer.inputs:
        if gain[name] != common:
            _scale(graph, name, float(gain[name] / common), changed)
    return common


def _undo_at_output(
    graph: FloatGraph, name: str, gain: Fraction, changed: dict[str, Operation]
) -> None:
    if not _scalable(graph, name):
        raise UnsupportedLayer(
            f"layer '{name}': an average reaches the output, and its division can't move into "
            "weights that serve the output alone. End the network with a linear layer."
        )
    _scale(graph, name, float(gain), changed)


def _scalable(graph: FloatGraph, name: str) -> bool:
    """Whether weights set the size of this layer's output and nothing else would notice."""
    layer = graph.layer(name)
    if len(graph.consumers(name)) != 1:
        return False
    if isinstance(layer.operation, Pool | Flatten | Sum):
        return all(_scalable(graph, source) for source in layer.inputs)
    return isinstance(layer.operation, Affine)


def _scale(graph: FloatGraph, name: str, factor: float, changed: dict[str, Operation]) -> None:
    """Multiplies a scalable layer's output by `factor`."""
    layer = graph.layer(name)
    operation = changed.get(name, layer.operation)
    if isinstance(operation, Affine):
        size = len(operation.bias)
        changed[name] = scaled(operation, np.full(size, factor), np.zeros(size))
        return
    for source in layer.inputs:
        _scale(graph, source, factor, changed)


def _linear_sources(graph: FloatGraph, name: str) -> set[str] | None:
    """Weighted layers that feed `name` through linear steps; None if spikes reach it bare."""
    found: set[str] = set()
    for source in graph.layer(name).inputs:
        operation = graph.layer(source).operation
        if isinstance(operation, Affine):
            found.add(source)
        elif isinstance(operation, Pool | Flatten | Sum):
            further = _linear_sources(graph, source)
            if further is None:
                return None
            found |= further
        else:
            return None
    return found


def _feeds(graph: FloatGraph, name: str) -> set[str]:
    """Neurons, weighted layers and sinks that `name` reaches through linear steps."""
    reached: set[str] = set()
    for consumer in graph.consumers(name):
        if isinstance(consumer.operation, Pool | Flatten | Sum):
            reached |= _feeds(graph, consumer.name)
        else:
            reached.add(consumer.name)
    return reached


def require_foldable(graph: FloatGraph) -> None:
    """Raises InvalidGraph unless only what NIR holds is left: no norm, no average pooling."""
    for layer in graph.layers:
        operation = layer.operation
        if isinstance(operation, Norm) or (isinstance(operation, Pool) and not operation.summed):
            raise InvalidGraph(f"layer '{layer.name}': left unfolded ({type(operation).__name__}).")
