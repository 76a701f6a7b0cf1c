"""From a torch module to a float graph, by symbolic tracing.

Our LIF and torch's own layers are leaves; a user's modules are traced through, so any forward
that only calls layers and adds tensors works.
"""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx, nn
from torch.fx.passes.shape_prop import ShapeProp

from export.errors import InvalidGraph, UnsupportedLayer
from export.freeze.float_graph import (
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
from trainers.neurons.lif import LIF

INSTEAD = {
    "MaxPool2d": "Use AvgPool2d: the maximum of spikes isn't linear and has no chip equivalent.",
    "ReLU": "Use trainers.LIF: the frozen network holds spiking neurons only.",
    "LayerNorm": "Use BatchNorm2d, which folds into the weights.",
    "GroupNorm": "Use BatchNorm2d, which folds into the weights.",
    "InstanceNorm2d": "Use BatchNorm2d, which folds into the weights.",
}
KNOWN = "Conv2d, Linear, BatchNorm1d/2d, AvgPool2d, AdaptiveAvgPool2d, Flatten, Dropout, LIF"


def trace(body: nn.Module, sample: Tensor, thresholds: dict[str, float]) -> FloatGraph:
    """Traces a module that takes `sample` [N, ...] and reads its weights as float64.

    Args:
        body: the module inside a SpikingNetwork, in evaluation mode.
        sample: one input per step, [T, ...] for one sample, to propagate shapes.
        thresholds: constant threshold of each LIF, by module path.

    Raises:
        UnsupportedLayer: a layer or operation that NIR or the chip has no word for.
        InvalidGraph: a weight is NaN or infinite, or the sample doesn't fit the module.
    """
    traced = _symbolic(body)
    _propagate_shapes(traced, sample)
    layers = [_layer(node, traced, thresholds) for node in traced.graph.nodes]
    graph = FloatGraph(tuple(layers))
    for layer in graph.layers:
        if isinstance(layer.operation, Flatten) and len(_input_shape(graph, layer)) == 1:
            graph = graph.without(layer.name)
    for layer in tuple(graph.layers):
        if isinstance(layer.operation, Norm) and _is_identity(layer.operation):
            graph = graph.without(layer.name)
    return graph


def _input_shape(graph: FloatGraph, layer: Layer) -> tuple[int, ...]:
    return graph.layer(layer.inputs[0]).shape


class _LayerTracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, LIF) or super().is_leaf_module(m, module_qualified_name)


def _symbolic(body: nn.Module) -> fx.GraphModule:
    try:
        return fx.GraphModule(body, _LayerTracer().trace(body))
    except (fx.proxy.TraceError, TypeError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise UnsupportedLayer(
            f"network {type(body).__name__}: its forward can't be traced ({reason}). Let it only "
            "call layers and add their outputs."
        ) from error


def _propagate_shapes(traced: fx.GraphModule, sample: Tensor) -> None:
    try:
        with torch.no_grad():
            ShapeProp(traced).propagate(sample)
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        raise InvalidGraph(
            f"network input: a sample of shape {tuple(sample.shape[1:])} doesn't fit the network "
            f"({reason}). Pass a sample as the network takes it."
        ) from error


def _layer(node: fx.Node, traced: fx.GraphModule, thresholds: dict[str, float]) -> Layer:
    shape = tuple(int(size) for size in node.meta["tensor_meta"].shape[1:])
    inputs = tuple(_name(source) for source in node.all_input_nodes)
    if node.op == "placeholder":
        return Layer(_name(node), Source(), (), shape)
    if node.op == "output":
        return Layer(_name(node), Sink(), inputs, shape)
    if node.op == "call_module":
        path = str(node.target)
        module = traced.get_submodule(path)
        if isinstance(module, LIF):
            neuron = Neuron(float(module.decay.detach().double()), thresholds[path])
            return Layer(_name(node), neuron, inputs, shape)
        return Layer(_name(node), _operation(path, module, node), inputs, shape)
    if node.target in (operator.add, operator.iadd, torch.add, "add", "add_") and len(inputs) == 2:
        return Layer(_name(node), Sum(), inputs, shape)
    if node.target in (torch.flatten, "flatten") and len(shape) == 1:
        return Layer(_name(node), Flatten(), inputs, shape)
    raise UnsupportedLayer(
        f"network: operation '{node.name}' ({node.op} of {node.target}) has no equivalent in the "
        f"frozen network. Known: {KNOWN}, adding two tensors, torch.flatten(x, 1)."
    )


def _name(node: fx.Node) -> str:
    return str(node.target) if node.op == "call_module" else node.name


def _operation(path: str, module: nn.Module, node: fx.Node) -> Operation:
    for kind, read in READERS.items():
        if isinstance(module, kind):
            return read(path, module, node)
    kind_name = type(module).__name__
    raise UnsupportedLayer(
        f"layer '{path}' ({kind_name}): not supported. "
        f"{INSTEAD.get(kind_name, f'Known layers: {KNOWN}.')}"
    )


def _finite(path: str, name: str, tensor: Tensor | None, size: int) -> FloatArray:
    if tensor is None:
        return np.zeros(size)
    array: FloatArray = tensor.detach().double().cpu().numpy()
    bad = int((~np.isfinite(array)).sum())
    if bad:
        raise InvalidGraph(
            f"layer '{path}', {name}: {bad} of {array.size} values are NaN or infinite. "
            "Train again with a lower learning rate."
        )
    return array


def _conv(path: str, module: Any, node: fx.Node) -> Conv:
    if module.padding_mode != "zeros":
        raise UnsupportedLayer(
            f"layer '{path}': padding mode '{module.padding_mode}' is not supported. Use zeros."
        )
    return Conv(
        weight=_finite(path, "weight", module.weight, 0),
        bias=_finite(path, "bias", module.bias, module.out_channels),
        stride=module.stride,
        padding=_explicit_padding(path, module),
        dilation=module.dilation,
        groups=module.groups,
    )


def _explicit_padding(path: str, module: Any) -> tuple[int, int]:
    if module.padding == "valid":
        return (0, 0)
    if module.padding != "same":
        return (module.padding[0], module.padding[1])
    spans = [d * (k - 1) for d, k in zip(module.dilation, module.kernel_size, strict=True)]
    if any(span % 2 for span in spans):
        raise UnsupportedLayer(
            f"layer '{path}': padding 'same' with an even kernel {module.kernel_size} pads one "
            "side more than the other. Use an odd kernel."
        )
    return (spans[0] // 2, spans[1] // 2)


def _dense(path: str, module: Any, node: fx.Node) -> Dense:
    return Dense(
        weight=_finite(path, "weight", module.weight, 0),
        bias=_finite(path, "bias", module.bias, module.out_features),
    )


def _norm(path: str, module: Any, node: fx.Node) -> Norm:
    if module.running_mean is None or module.running_var is None:
        raise UnsupportedLayer(
            f"layer '{path}': batch norm without running statistics depends on the batch and "
            "can't be folded. Set track_running_stats=True."
        )
    size = module.num_features
    scale = np.ones(size) if module.weight is None else _finite(path, "weight", module.weight, size)
    shift = _finite(path, "bias", module.bias, size)
    mean = _finite(path, "running_mean", module.running_mean, size)
    variance = _finite(path, "running_var", module.running_var, size)
    gain = scale / np.sqrt(variance + module.eps)
    return Norm(gain=gain, shift=shift - gain * mean)


def _pool(path: str, module: Any, node: fx.Node) -> Pool:
    kernel, stride, padding = (
        _pair(v) for v in (module.kernel_size, module.stride, module.padding)
    )
    if module.ceil_mode or (any(padding) and not module.count_include_pad):
        raise UnsupportedLayer(
            f"layer '{path}': average pooling with ceil_mode, or with padding that isn't counted, "
            "divides by different numbers at the border. Use the defaults."
        )
    if module.divisor_override is not None:
        raise UnsupportedLayer(
            f"layer '{path}': divisor_override is not supported. Scale the next weights instead."
        )
    return Pool(kernel, stride, padding)


def _global_pool(path: str, module: Any, node: fx.Node) -> Pool:
    before = node.all_input_nodes[0].meta["tensor_meta"].shape
    if _pair(module.output_size) != (1, 1):
        raise UnsupportedLayer(
            f"layer '{path}': AdaptiveAvgPool2d to {module.output_size} is not supported, only to "
            "1. Use AvgPool2d."
        )
    size = (int(before[-2]), int(before[-1]))
    return Pool(size, size, (0, 0))


def _flatten(path: str, module: Any, node: fx.Node) -> Flatten:
    if (module.start_dim, module.end_dim) != (1, -1):
        raise UnsupportedLayer(
            f"layer '{path}': Flatten({module.start_dim}, {module.end_dim}) keeps axes apart. "
            "Use Flatten()."
        )
    return Flatten()


def _passes_through(path: str, module: Any, node: fx.Node) -> Norm:
    # Dropout and Identity do nothing in evaluation: a norm of gain 1, taken out again in `trace`.
    return Norm(gain=np.ones(0), shift=np.zeros(0))


def _pair(value: int | tuple[int, int]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def _is_identity(norm: Norm) -> bool:
    return norm.gain.size == 0


READERS: dict[type[nn.Module], Callable[[str, Any, fx.Node], Operation]] = {
    nn.Conv2d: _conv,
    nn.Linear: _dense,
    nn.BatchNorm1d: _norm,
    nn.BatchNorm2d: _norm,
    nn.AvgPool2d: _pool,
    nn.AdaptiveAvgPool2d: _global_pool,
    nn.Flatten: _flatten,
    nn.Identity: _passes_through,
    nn.Dropout: _passes_through,
    nn.Dropout2d: _passes_through,
}
