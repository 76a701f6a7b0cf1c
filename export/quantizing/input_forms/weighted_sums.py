"""Sums of payloads through a layer's weights, and the largest that a range of payloads allows.

Sums of integers are exact: they stay far below 2^53, float64's whole numbers.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from export.quantizing.compose import FloatArray, FloatConv, FloatDense


def weighted_sums(
    operation: FloatConv | FloatDense, weight: NDArray[Any], inputs: FloatArray
) -> FloatArray:
    """Sums of weight * input, float64 [M, *targets], without a bias.

    Args:
        operation: how weights meet inputs; its own numbers aren't used.
        weight: floats or integers in its weights' shape.
        inputs: samples or payloads, [M, *given].
    """
    kernel = torch.from_numpy(weight.astype(np.float64))
    given = torch.from_numpy(np.ascontiguousarray(inputs))
    if isinstance(operation, FloatDense):
        sums = given.flatten(1) @ kernel.T
    else:
        stride, padding, dilation = operation.stride, operation.padding, operation.dilation
        sums = F.conv2d(given, kernel, None, stride, padding, dilation, operation.groups)
    result: FloatArray = sums.numpy()
    return result


def largest_sum(weight: NDArray[Any], lowest: int, highest: int) -> float:
    """Largest |sum| that any inputs in lowest..highest can make."""
    rows = weight.reshape(len(weight), -1)
    excitatory, inhibitory = np.maximum(rows, 0).sum(axis=1), np.minimum(rows, 0).sum(axis=1)
    upper = excitatory * highest + inhibitory * lowest
    lower = excitatory * lowest + inhibitory * highest
    return float(max(upper.max(), -lower.min()))
