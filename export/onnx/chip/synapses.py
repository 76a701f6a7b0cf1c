"""Synaptic sums of one step from binary spikes: integer matrix products and convolutions.

ConvInteger and MatMulInteger add products of bytes up in 32 bits, exactly; see
`export.onnx.chip.weight_planes` for the bytes. Lava wraps the sums of a convolution to signed
24 bits, ((a + 2^23) mod 2^24) - 2^23; that shows here only where they can get so large.
"""

from dataclasses import dataclass

import numpy as np

from export.chip.graph import ConvProjection, DenseProjection, IntArray, Population, Projection
from export.chip.limits import STATE_LIMIT
from export.chip.timing import delays_of
from export.onnx.chip.fragment import IntegerFragment
from export.onnx.chip.weight_planes import Plane, planes_of


@dataclass(frozen=True)
class Sums:
    """Synaptic sums a = factor * tensor, int32 [batch, *shape]."""

    tensor: str
    factor: int = 1


def emit_sums(
    body: IntegerFragment, projection: Projection, target: Population, sent: str, output: str
) -> Sums:
    """Appends the sums that binary spikes `sent` (uint8) bring to `target`."""
    if isinstance(projection, ConvProjection):
        sums = _emit_planes(body, projection, planes_of(projection.weight), sent, output)
        wraps = largest_row(projection.weight) >= STATE_LIMIT
        return _emit_wrapped(body, sums, output) if wraps else sums
    matrix = stacked_weight(projection)
    flat = emit_flat(body, sent, len(matrix), output)
    sums = _emit_planes(body, projection, planes_of(matrix), flat, output)
    return Sums(emit_shaped(body, sums.tensor, target, output), sums.factor)


def stacked_weight(projection: DenseProjection) -> IntArray:
    """[delays * sources, targets]: per different delay, the synapses that have it."""
    if projection.delay is None:
        return np.ascontiguousarray(projection.weight.T)
    parts = [
        np.where(projection.delay == delay, projection.weight, 0).T
        for delay in delays_of(projection)
    ]
    return np.concatenate(parts)


def largest_row(weight: IntArray) -> int:
    """Largest sum of |weight| of any target."""
    return int(np.abs(weight.reshape(len(weight), -1)).sum(axis=1).max())


def emit_flat(body: IntegerFragment, given: str, size: int, output: str) -> str:
    """[batch, size] in C, H, W order, several steps one after the other."""
    shape = body.integers(f"flat_{size}", [0, size])
    return body.compute("Reshape", [given, shape], f"{output}_flat")


def emit_shaped(body: IntegerFragment, given: str, target: Population, output: str) -> str:
    """[batch, neurons] in the population's shape."""
    if len(target.shape) == 1:
        return given
    shape = body.integers(f"{output}_shape", [0, *target.shape])
    return body.compute("Reshape", [given, shape], f"{output}_shaped")


def emit_low_bits(body: IntegerFragment, bits: str, output: str) -> str:
    """The signed 24 bits of a uint32 tensor, as uint32 in two's complement."""
    edge = body.constant("wrap_edge", STATE_LIMIT, np.uint32)
    eight = body.constant("wrap_shift", 8, np.uint32)
    moved = body.compute("Add", [bits, edge], f"{output}_moved")
    high = body.compute("BitShift", [moved, eight], f"{output}_high", direction="LEFT")
    low = body.compute("BitShift", [high, eight], f"{output}_low", direction="RIGHT")
    return body.compute("Sub", [low, edge], f"{output}_back")


def _emit_planes(
    body: IntegerFragment,
    projection: Projection,
    planes: tuple[Plane, ...],
    sent: str,
    output: str,
) -> Sums:
    shares = [
        _emit_plane(body, projection, plane, sent, f"{output}_plane{k}")
        for k, plane in enumerate(planes)
    ]
    if len(shares) == 1:
        return shares[0]
    scaled = [_emit_scaled(body, share, f"{share.tensor}_scaled") for share in shares]
    total = scaled[0]
    for k, share in enumerate(scaled[1:]):
        total = body.compute("Add", [total, share], f"{output}_total{k}")
    return Sums(total)


def _emit_plane(
    body: IntegerFragment, projection: Projection, plane: Plane, sent: str, output: str
) -> Sums:
    operands = [sent, body.exactly(f"{output}_weight", plane.stored)]
    if plane.zero_point:
        operands.append(body.constant("no_offset", 0, np.uint8))
        operands.append(body.constant(f"offset_{plane.zero_point}", plane.zero_point, np.uint8))
    if isinstance(projection, ConvProjection):
        body.compute("ConvInteger", operands, output, **_window(projection))
    else:
        body.compute("MatMulInteger", operands, output)
    return Sums(output, plane.factor)


def _window(projection: ConvProjection) -> dict[str, list[int] | int]:
    return {
        "kernel_shape": list(projection.weight.shape[2:]),
        "strides": list(projection.stride),
        "dilations": list(projection.dilation),
        "pads": [*projection.padding, *projection.padding],
        "group": projection.groups,
    }


def _emit_wrapped(body: IntegerFragment, sums: Sums, output: str) -> Sums:
    whole = _emit_scaled(body, sums, f"{output}_whole")
    bits = body.cast(whole, np.uint32, f"{output}_bits")
    return Sums(body.cast(emit_low_bits(body, bits, output), np.int32, f"{output}_wrapped"))


def _emit_scaled(body: IntegerFragment, sums: Sums, output: str) -> str:
    if sums.factor == 1:
        return sums.tensor
    factor = body.constant(f"factor_{sums.factor}", sums.factor, np.int32)
    return body.compute("Mul", [sums.tensor, factor], output)
