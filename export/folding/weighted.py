"""Nodes with weights, and how a factor enters them from either side."""

from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from export.unfolded_nodes import BatchNorm

FloatArray = NDArray[np.float64]

WEIGHTED = (nir.Affine, nir.Linear, nir.Conv2d, BatchNorm)


def outputs(node: Any) -> int:
    """Output channels or features of a weighted node."""
    return len(node.gain) if isinstance(node, BatchNorm) else len(node.weight)


def output_scaled(node: Any, gain: FloatArray, shift: FloatArray | None = None) -> nir.NIRNode:
    """Y' = gain y + shift per output channel, as new weights and bias.

    Args:
        node: one of WEIGHTED.
        gain: [outputs].
        shift: [outputs]; None for none.
    """
    if isinstance(node, BatchNorm):
        moved = node.shift * gain
        return BatchNorm(node.gain * gain, moved if shift is None else moved + shift)
    weight = doubles(node.weight)
    scaled = weight * gain.reshape(-1, *(1,) * (weight.ndim - 1))
    bias = bias_of(node)
    if bias is not None:
        bias = bias * gain if shift is None else bias * gain + shift
    return with_weights(node, scaled, shift if bias is None else bias)


def input_scaled(node: Any, factor: float) -> nir.NIRNode:
    """W' = factor W, with the bias left alone: the input was divided by `factor`."""
    if isinstance(node, BatchNorm):
        return BatchNorm(node.gain * factor, node.shift)
    return with_weights(node, doubles(node.weight) * factor, bias_of(node))


def with_weights(node: Any, weight: FloatArray, bias: FloatArray | None) -> nir.NIRNode:
    """The same affine or convolution with other weights; a linear layer may gain a bias."""
    if not isinstance(node, nir.Conv2d):
        return nir.Linear(weight) if bias is None else nir.Affine(weight, bias)
    return nir.Conv2d(
        input_shape=node.input_shape,
        weight=weight,
        stride=node.stride,
        padding=node.padding,
        dilation=node.dilation,
        groups=node.groups,
        bias=np.zeros(len(weight)) if bias is None else bias,
    )


def bias_of(node: Any) -> FloatArray | None:
    """The bias in float64, or None."""
    bias = getattr(node, "bias", None)
    return None if bias is None else doubles(bias)


def doubles(array: Any) -> FloatArray:
    """A parameter in float64."""
    return np.asarray(array, dtype=np.float64)
