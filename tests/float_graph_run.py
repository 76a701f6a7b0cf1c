"""A float graph, evaluated layer by layer with torch's own functions in float64."""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

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


def run_float_graph(
    graph: FloatGraph, inputs: Tensor, time_steps: int
) -> tuple[FloatArray, dict[str, NDArray[np.bool_]]]:
    """Outputs [T, N, classes] and spikes per neuron layer [T, N, ...] for a static input."""
    values: dict[str, Tensor] = {}
    spikes: dict[str, NDArray[np.bool_]] = {}
    outputs = torch.empty(0)
    for layer in graph.layers:
        given = [values[name] for name in layer.inputs]
        if isinstance(layer.operation, Source):
            values[layer.name] = inputs.expand(time_steps, *inputs.shape).flatten(0, 1)
        elif isinstance(layer.operation, Neuron):
            fired = _fire(layer.operation, given[0].unflatten(0, (time_steps, -1)))
            spikes[layer.name] = fired.bool().numpy()
            values[layer.name] = fired.flatten(0, 1)
        elif isinstance(layer.operation, Sink):
            outputs = given[0].unflatten(0, (time_steps, -1))
        else:
            values[layer.name] = _linear(layer, layer.operation, given)
            assert tuple(values[layer.name].shape[1:]) == layer.shape, layer.name
    return outputs.numpy(), spikes


def _linear(layer: Layer, operation: Operation, given: list[Tensor]) -> Tensor:
    x = given[0]
    if isinstance(operation, Sum):
        return torch.stack(given).sum(dim=0)
    if isinstance(operation, Flatten):
        return x.flatten(1)
    if isinstance(operation, Dense):
        return F.linear(x, _tensor(operation.weight), _tensor(operation.bias))
    if isinstance(operation, Conv):
        return F.conv2d(
            x, _tensor(operation.weight), _tensor(operation.bias), operation.stride,
            operation.padding, operation.dilation, operation.groups,
        )  # fmt: skip
    if isinstance(operation, Pool):
        return F.avg_pool2d(x, operation.kernel, operation.stride, operation.padding)
    assert isinstance(operation, Norm), layer.name
    channels = (-1,) + (1,) * (x.ndim - 2)
    return x * _tensor(operation.gain).view(channels) + _tensor(operation.shift).view(channels)


def _fire(neuron: Neuron, currents: Tensor) -> Tensor:
    membrane = torch.zeros_like(currents[0])
    fired = []
    for current in currents:
        membrane = neuron.decay * membrane + current
        spikes = (membrane > neuron.threshold).double()
        membrane = membrane * (1 - spikes)
        fired.append(spikes)
    return torch.stack(fired)


def _tensor(array: FloatArray) -> Tensor:
    return torch.from_numpy(np.asarray(array, dtype=np.float64))
