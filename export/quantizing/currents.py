"""What a segment's linear nodes make of its sources' outputs, in float64."""

from collections.abc import Mapping
from math import prod

import nir
import numpy as np
import torch
from numpy.typing import NDArray

from export.executor.linear import linear_operation
from export.executor.run import summed
from export.quantizing.segments import Path, Segment

FloatArray = NDArray[np.float64]


def currents(segment: Segment, inputs: FloatArray) -> FloatArray:
    """The current that a segment with one source delivers, biases on the way included.

    Args:
        segment: its linear nodes may branch and join.
        inputs: the source's output, [N, *given].

    Returns:
        float64 [N, *shape].

    Raises:
        UnsupportedLayer: it has several sources.
    """
    return _delivered(segment, {segment.source: inputs})


def constant_current(segment: Segment) -> FloatArray:
    """The current without any input: all biases on the way, [*shape]."""
    silence = {source.name: np.zeros((1, *source.shape)) for source in segment.sources}
    constant: FloatArray = _delivered(segment, silence)[0]
    return constant


def along(path: Path, outputs: FloatArray) -> FloatArray:
    """What reaches the population along one path, biases on the way included: [N, *shape]."""
    with torch.no_grad():
        values = _doubles(outputs)
        for node in path.nodes:
            values = linear_operation(node)(values)
    result: FloatArray = values.numpy()
    return result


def macs(segment: Segment) -> int:
    """Multiply-accumulates of the segment for one input, borders counted in full."""
    total = 0
    for ordered in segment.nodes:
        if isinstance(ordered.node, nir.Conv2d):
            total += prod(ordered.shape) * prod(ordered.node.weight.shape[1:])
        elif isinstance(ordered.node, nir.Affine | nir.Linear):
            total += int(ordered.node.weight.size)
    return total


def _delivered(segment: Segment, outputs: Mapping[str, FloatArray]) -> FloatArray:
    with torch.no_grad():
        signal = {name: _doubles(values) for name, values in outputs.items()}
        for node in segment.nodes:
            given = summed([signal[source] for source in node.sources])
            signal[node.name] = linear_operation(node)(given)
        result: FloatArray = summed([signal[name] for name in segment.entering]).numpy()
    return result


def _doubles(values: FloatArray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float64))
