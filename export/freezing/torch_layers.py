"""What each torch layer means: one reader per kind, from module to operation in float64."""

from collections.abc import Callable
from typing import Any

import numpy as np
from torch import Tensor, nn

from export.errors import InvalidGraph, UnsupportedLayer
from export.freezing.float_graph import (
    Conv,
    Dense,
    Flatten,
    FloatArray,
    Neuron,
    Norm,
    Operation,
    Pool,
)
from trainers.neurons.lif import LIF
from trainers.neurons.recurrent_lif import RecurrentLIF

Shape = tuple[int, ...]

INSTEAD = {
    "MaxPool2d": "Use AvgPool2d: the maximum of spikes isn't linear and has no chip equivalent.",
    "ReLU": "Use trainers.LIF: the frozen network holds spiking neurons only.",
    "LayerNorm": "Use BatchNorm2d, which folds into the weights.",
    "GroupNorm": "Use BatchNorm2d, which folds into the weights.",
    "InstanceNorm2d": "Use BatchNorm2d, which folds into the weights.",
}
KNOWN = "Conv2d, Linear, BatchNorm1d/2d, AvgPool2d, AdaptiveAvgPool2d(1), Flatten, Dropout, LIF"

SAME_EVERYWHERE = (nn.AvgPool2d, nn.Flatten, nn.Identity, nn.Dropout, nn.Dropout2d)
"""Layers without parameters or state, which a forward may call in several places."""


def read_layer(path: str, module: nn.Module, given: Shape) -> Operation | None:
    """The operation of a torch layer, or None for one that does nothing in evaluation.

    Args:
        path: in the network, for messages.
        module: the layer; a LIF is read by `read_neuron` instead.
        given: shape of its input for one sample and step.

    Raises:
        UnsupportedLayer: NIR or the chip has no word for it.
        InvalidGraph: a weight is NaN or infinite, or the input's rank is wrong.
    """
    for kind, read in READERS.items():
        if isinstance(module, kind):
            return read(path, module, given)
    kind_name = type(module).__name__
    raise UnsupportedLayer(
        f"layer '{path}' ({kind_name}): not supported. "
        f"{INSTEAD.get(kind_name, f'Known layers: {KNOWN}.')}"
    )


def read_neuron(path: str, neuron: LIF, threshold: float) -> Neuron:
    """The neuron with its threshold at unit input gain.

    Raises:
        UnsupportedLayer: a neuron of another kind than LIF and RecurrentLIF themselves.
        InvalidGraph: the decay is NaN or infinite.
    """
    _require_plain(path, neuron)
    decay = _finite(path, "decay", neuron.decay, 1)
    recurrent = None
    if isinstance(neuron, RecurrentLIF):
        recurrent = _finite(path, "recurrent.weight", neuron.recurrent.weight, 0)
    return Neuron(float(decay), threshold, neuron.decay_input, recurrent)


def _require_plain(path: str, neuron: LIF) -> None:
    # A subclass may compute anything; read as LIF it would freeze to another network.
    if type(neuron) not in (LIF, RecurrentLIF):
        raise UnsupportedLayer(
            f"layer '{path}' ({type(neuron).__name__}): what it computes beyond LIF is unknown "
            "here. Use trainers.LIF or trainers.RecurrentLIF itself."
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


def _require_image(path: str, module: nn.Module, given: Shape) -> None:
    if len(given) != 3:
        raise InvalidGraph(
            f"layer '{path}' ({type(module).__name__}): takes [N, C, H, W], but is given "
            f"[N{''.join(f', {size}' for size in given)}]. Pass a sample as the network takes it."
        )


def _conv(path: str, module: Any, given: Shape) -> Conv:
    _require_image(path, module, given)
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


def _dense(path: str, module: Any, given: Shape) -> Dense:
    if len(given) != 1:
        raise UnsupportedLayer(
            f"layer '{path}' (Linear): takes [N, features], but is given "
            f"[N{''.join(f', {size}' for size in given)}]. Put nn.Flatten() before it."
        )
    return Dense(
        weight=_finite(path, "weight", module.weight, 0),
        bias=_finite(path, "bias", module.bias, module.out_features),
    )


def _norm(path: str, module: Any, given: Shape) -> Norm:
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


def _pool(path: str, module: Any, given: Shape) -> Pool:
    _require_image(path, module, given)
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


def _global_pool(path: str, module: Any, given: Shape) -> Pool:
    _require_image(path, module, given)
    if module.output_size not in (1, (1, 1), [1, 1]):
        raise UnsupportedLayer(
            f"layer '{path}': AdaptiveAvgPool2d to {module.output_size} is not supported, only to "
            "1. Use AvgPool2d."
        )
    size = (given[1], given[2])
    return Pool(size, size, (0, 0))


def _flatten(path: str, module: Any, given: Shape) -> Flatten | None:
    if (module.start_dim, module.end_dim) != (1, -1):
        raise UnsupportedLayer(
            f"layer '{path}': Flatten({module.start_dim}, {module.end_dim}) keeps axes apart. "
            "Use Flatten()."
        )
    return Flatten() if len(given) > 1 else None


def _nothing(path: str, module: Any, given: Shape) -> None:
    del path, module, given


def _pair(value: int | tuple[int, int]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[1])


READERS: dict[type[nn.Module], Callable[[str, Any, Shape], Operation | None]] = {
    nn.Conv2d: _conv,
    nn.Linear: _dense,
    nn.BatchNorm1d: _norm,
    nn.BatchNorm2d: _norm,
    nn.AvgPool2d: _pool,
    nn.AdaptiveAvgPool2d: _global_pool,
    nn.Flatten: _flatten,
    nn.Identity: _nothing,
    nn.Dropout: _nothing,
    nn.Dropout2d: _nothing,
}
