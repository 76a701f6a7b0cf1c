"""Which product a projection runs with: 8-bit integers, floats, patches, or event by event.

All give the same integers, so the choice is one of speed alone. The costs are nanoseconds of one
core, measured by `python benchmarks/crossover.py`, and their ratios, not their sizes,
decide: they differ less between machines.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from export.chip.graph import IntArray
from hwsim.engine.exact_product import FLOAT32_EXACT, exact_dtype
from hwsim.engine.layout import ordered
from hwsim.engine.products.convolution import FloatConvolution
from hwsim.engine.products.geometry import ConvGeometry
from hwsim.engine.products.integer import (
    PAYLOAD_MAX,
    EightBit,
    IntegerConvolution,
    IntegerMatrix,
    eight_bit,
    integer_operators,
)
from hwsim.engine.products.matrix import MatrixProduct
from hwsim.engine.products.patches import PatchProduct
from hwsim.engine.products.rare import RareConvolution, RareMatrix

Product = Callable[[Tensor], Tensor]
Build = Callable[[IntArray], Product]

WIDE_MATRIX = 512
"""Sources from which 8-bit integers are faster than floats in a dense matrix."""

OUTPUT_NS = 0.4
"""To write one sum of a full product."""
PRODUCT_NS = {torch.uint8: 0.0045, torch.float32: 0.02, torch.float64: 0.1}
"""One multiply-accumulate: in 8-bit integers, in float32, in float64."""
SCAN_NS = 0.5
"""To look at one place where an event could be."""
CLEAR_NS = 0.05
"""To clear one sum before events add to it."""
EVENT_NS = {"conv": 60.0, "dense": 3.0}
"""To find the synapses of an event."""
SYNAPSE_NS = {"conv": 0.4, "dense": 0.1}
"""To add the weight of one synapse."""


@dataclass(frozen=True)
class Products:
    """How a projection's sums are computed.

    Args:
        full: for any events.
        rebuilt: a product of the same kind as `full`, with other weights.
        rare: event by event; None on devices other than a CPU.
        full_ns: cost of one step, whatever the events.
        scan_ns: cost of one step without any event, event by event.
        event_ns: cost of one event.
    """

    full: Product
    rebuilt: Build
    rare: Product | None
    full_ns: float
    scan_ns: float
    event_ns: float

    def best(self, events: int, steps: int) -> Product:
        """The faster way for so many events in so many steps."""
        if self.rare is None:
            return self.full
        rarely = steps * self.scan_ns + events * self.event_ns
        return self.rare if rarely < steps * self.full_ns else self.full


def conv_products(
    geometry: ConvGeometry, weight: IntArray, bound: int, payload: tuple[int, int], device: str
) -> Products:
    """For a convolution with weight [O, I / groups, kH, kW].

    Args:
        geometry: the rest of it.
        weight: integers.
        bound: largest |sum|.
        payload: smallest and largest payload.
        device: where it runs.
    """
    build, kind = _convolution_kind(geometry, weight, bound, payload, device)
    taps = geometry.kernel[0] * geometry.kernel[1] / (geometry.stride[0] * geometry.stride[1])
    outputs = geometry.target[0] // geometry.groups
    return Products(
        build(weight),
        build,
        RareConvolution.of(geometry, weight) if _on_cpu(device) else None,
        OUTPUT_NS * np.prod(geometry.target) + PRODUCT_NS[kind] * geometry.products,
        SCAN_NS * np.prod(geometry.source) + CLEAR_NS * np.prod(geometry.target),
        EVENT_NS["conv"] + SYNAPSE_NS["conv"] * taps * outputs,
    )


def matrix_products(
    weight: IntArray,
    source: tuple[int, ...],
    target: tuple[int, ...],
    bound: int,
    payload: tuple[int, int],
    device: str,
) -> Products:
    """For a dense weight [targets, sources], both in C, H, W order."""
    build, kind = _matrix_kind(weight, bound, payload, device)
    own = ordered(weight, source, target)

    def rebuilt(weights: IntArray) -> Product:
        return build(ordered(weights, source, target))

    return Products(
        build(own),
        rebuilt,
        RareMatrix.of(own) if _on_cpu(device) else None,
        PRODUCT_NS[kind] * weight.size + OUTPUT_NS * len(weight),
        SCAN_NS * weight.shape[1] + CLEAR_NS * len(weight),
        EVENT_NS["dense"] + SYNAPSE_NS["dense"] * len(weight),
    )


def _convolution_kind(
    geometry: ConvGeometry, weight: IntArray, bound: int, payload: tuple[int, int], device: str
) -> tuple[Build, torch.dtype]:
    dtype = exact_dtype(bound)
    if _fits_integers(bound, payload, device) and eight_bit(weight) is not None:
        return lambda weights: IntegerConvolution.of(geometry, _narrow(weights)), torch.uint8
    if _on_cpu(device) and dtype == torch.float32:
        return lambda weights: FloatConvolution.of(geometry, weights), dtype
    return lambda weights: PatchProduct.of(geometry, weights, dtype, device), dtype


def _matrix_kind(
    weight: IntArray, bound: int, payload: tuple[int, int], device: str
) -> tuple[Build, torch.dtype]:
    wide = weight.shape[1] >= WIDE_MATRIX and _fits_integers(bound, payload, device)
    if wide and eight_bit(weight) is not None:
        return lambda weights: IntegerMatrix.of(_narrow(weights)), torch.uint8
    dtype = exact_dtype(bound)
    return lambda weights: MatrixProduct.of(weights, dtype, device), dtype


def _narrow(weight: IntArray) -> EightBit:
    narrow = eight_bit(weight)
    if narrow is None:
        raise ValueError("weights beyond 8 bits in a product of 8-bit integers")
    return narrow


def _on_cpu(device: str) -> bool:
    return torch.device(device).type == "cpu"


def _fits_integers(bound: int, payload: tuple[int, int], device: str) -> bool:
    return (
        _on_cpu(device)
        and bound < FLOAT32_EXACT
        and 0 <= payload[0] <= payload[1] <= PAYLOAD_MAX
        and integer_operators()
    )
