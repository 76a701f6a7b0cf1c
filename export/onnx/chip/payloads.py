"""Synaptic sums of one step from graded payloads: products of 32-bit integers.

Payloads have up to 24 bits, more than the byte products take. A convolution is a product too:
its input patches, gathered, become the columns of a matrix. Everything is counted modulo 2^32,
which is what Lava's 32-bit sums and, all the more, its convolutions' 24-bit sums keep.
"""

import numpy as np

from export.chip.graph import ConvProjection, IntArray, Population, Projection
from export.onnx.chip.fragment import IntegerFragment
from export.onnx.chip.synapses import (
    Sums,
    emit_flat,
    emit_low_bits,
    emit_shaped,
    stacked_weight,
)


def emit_payload_sums(
    body: IntegerFragment,
    projection: Projection,
    source_shape: tuple[int, ...],
    target: Population,
    sent: str,
    output: str,
) -> Sums:
    """Appends the sums that payloads `sent` (int32) bring to `target`."""
    if isinstance(projection, ConvProjection):
        return _emit_conv(body, projection, source_shape, target, sent, output)
    matrix = stacked_weight(projection)
    flat = emit_flat(body, sent, len(matrix), output)
    bits = body.cast(flat, np.uint32, f"{output}_payloads")
    weight = body.exactly(f"{output}_weight", _modulo_32_bits(matrix))
    product = body.compute("MatMul", [bits, weight], f"{output}_product")
    sums = body.cast(product, np.int32, output)
    return Sums(emit_shaped(body, sums, target, output))


def patch_index(projection: ConvProjection, source_shape: tuple[int, ...]) -> IntArray:
    """[groups, K, positions]: which source neuron each weight sees; one beyond the last if none."""
    channels, height, width = source_shape
    neurons = np.arange(channels * height * width).reshape(source_shape)
    (rows, columns), (down, right) = projection.padding, projection.dilation
    padded = np.pad(
        neurons, ((0, 0), (rows, rows), (columns, columns)), constant_values=neurons.size
    )
    tall, wide = projection.weight.shape[2:]
    span = ((tall - 1) * down + 1, (wide - 1) * right + 1)
    windows = np.lib.stride_tricks.sliding_window_view(padded, span, axis=(1, 2))
    windows = windows[:, :: projection.stride[0], :: projection.stride[1], ::down, ::right]
    patches = windows.transpose(0, 3, 4, 1, 2)
    return patches.reshape(projection.groups, -1, windows.shape[1] * windows.shape[2])


def _emit_conv(
    body: IntegerFragment,
    projection: ConvProjection,
    source_shape: tuple[int, ...],
    target: Population,
    sent: str,
    output: str,
) -> Sums:
    flat = emit_flat(body, sent, int(np.prod(source_shape)), output)
    one_beyond = body.integers("one_beyond", [0, 0, 0, 1])
    edged = body.compute("Pad", [flat, one_beyond], f"{output}_edged")
    bits = body.cast(edged, np.uint32, f"{output}_payloads")
    index = body.integers(f"{output}_index", patch_index(projection, source_shape))
    columns = body.compute("Gather", [bits, index], f"{output}_columns", axis=1)
    kernels = projection.weight.reshape(
        projection.groups, len(projection.weight) // projection.groups, -1
    )
    weight = body.exactly(f"{output}_weight", _modulo_32_bits(kernels))
    product = body.compute("MatMul", [weight, columns], f"{output}_product")
    shape = body.integers(f"{output}_shape", [0, *target.shape])
    maps = body.compute("Reshape", [product, shape], f"{output}_maps")
    return Sums(body.cast(emit_low_bits(body, maps, output), np.int32, output))


def _modulo_32_bits(weight: IntArray) -> np.ndarray[tuple[int, ...], np.dtype[np.uint32]]:
    return (weight % (1 << 32)).astype(np.uint32)
