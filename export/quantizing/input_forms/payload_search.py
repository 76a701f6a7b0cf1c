"""Payload range and weight scale, chosen together for the smallest error of the current.

With payloads p = payload_scale * x, a layer's current is (w / payload_scale) p: a hidden layer's,
with weights that many times smaller. So its scale follows the hidden layers' rule, and where bias,
threshold or u limit that scale, each bit of payload leaves one less for the weights.

    a = sum of weight * p ;  current = (a + bias) / scale ;  error = RMS over calibration data
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import isclose, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.errors import LimitExceeded
from export.quantizing.compose import FloatArray, FloatConv, FloatDense
from export.quantizing.input_forms.payload_range import PayloadRange, payload_ranges
from export.quantizing.input_forms.weighted_sums import largest_sum, weighted_sums
from export.quantizing.integrated_layer import IntegratedLayer
from export.quantizing.payload_quantization import SUM_MAX, PayloadQuantization
from export.quantizing.quantized_weights import QuantizedWeights, quantized
from export.quantizing.room import STATE_HEADROOM, HiddenRoom
from export.quantizing.scale_rule import ScaleRule
from trainers.errors import ConfigError

HEADROOM = 1.5
"""u and v have room for inputs that much stronger than the calibration's, or for any payloads."""

BATCH_BYTES = 1 << 26
"""What the float64 sums of one batch may take."""


@dataclass(frozen=True)
class PayloadLayer:
    """What the search needs to know of the layer that payloads feed.

    Args:
        name: of its population.
        shape: of its population.
        operation: float weights and bias.
        threshold: float threshold.
        largest_membrane: largest |u| on calibration data.
        charge: how many times a constant current the membrane can reach.
        samples: calibration inputs [M, *given]; a sequence's steps are rows of their own.
        most_bits: of a payload.
        rule: weight bits and how the scale is chosen.
        source: the external input, whose payload scale the rule may give as well.
        built: the layer of these integers, for searches that run it.
    """

    name: str
    shape: tuple[int, ...]
    operation: FloatConv | FloatDense
    threshold: float
    largest_membrane: float
    charge: float
    samples: NDArray[Any]
    most_bits: int
    rule: ScaleRule = field(default_factory=ScaleRule)
    source: str = "input"
    built: Callable[[QuantizedWeights], IntegratedLayer] | None = None


@dataclass(frozen=True)
class PayloadWeights:
    """The layer's integers and what its payloads are."""

    integers: QuantizedWeights
    payload: PayloadQuantization


def best_payloads(layer: PayloadLayer) -> PayloadWeights:
    """The range whose integer currents come closest to the float ones on calibration data.

    Raises:
        LimitExceeded: no range lets the layer's values fit the chip's ranges.
    """
    strongest = _strongest_sum(layer)
    found: list[PayloadWeights] = []
    refusal: LimitExceeded | None = None
    for choice in _choices(layer):
        try:
            integers = _integers(layer, choice, strongest)
        except LimitExceeded as error:
            refusal = error
            continue
        found.append(PayloadWeights(integers, _measured(layer, choice, integers)))
    unwrapped = [row for row in found if row.payload.calibration_sum <= SUM_MAX]
    if unwrapped:
        return min(unwrapped, key=lambda row: row.payload.error)
    if refusal is not None:
        raise refusal
    raise LimitExceeded(
        f"layer '{layer.name}', graded input: with at most {layer.most_bits} bits every range of "
        f"payloads makes |a| exceed {SUM_MAX:,} on calibration data, so u would wrap. Allow more "
        "bits in export.payload_bits, or choose input form bias."
    )


def _choices(layer: PayloadLayer) -> tuple[PayloadRange, ...]:
    ranges = tuple(payload_ranges(layer.name, layer.samples, layer.most_bits))
    wanted = (layer.rule.given or {}).get(layer.source)
    if wanted is None:
        return ranges
    found = tuple(choice for choice in ranges if isclose(choice.scale, wanted))
    if not found:
        known = ", ".join(f"{choice.scale:.6g}" for choice in ranges)
        raise ConfigError(
            f"layer '{layer.name}', graded input: no range of payloads has the given scale "
            f"{wanted:.6g}. With these calibration inputs there are: {known}."
        )
    return found


def _difference(
    layer: PayloadLayer, choice: PayloadRange, weight: FloatArray
) -> Callable[[float], float] | None:
    evidence, built, bits = layer.rule.evidence, layer.built, layer.rule.bits
    if evidence is None or built is None:
        return None
    payloads = choice.payloads(evidence.samples)
    return lambda scale: evidence.difference_on(
        built(quantized(weight, layer.operation.bias, scale, bits)), layer.source, payloads
    )


def _integers(layer: PayloadLayer, choice: PayloadRange, strongest: float) -> QuantizedWeights:
    weight, bias = layer.operation.weight / choice.scale, layer.operation.bias
    worst = largest_sum(weight, choice.lowest, choice.highest)
    worst_membrane = layer.charge * (worst + float(np.abs(bias).max()))
    for_any = worst <= HEADROOM * strongest
    room = max(
        worst if for_any else HEADROOM * strongest,
        min(HEADROOM * layer.largest_membrane, worst_membrane),
    )
    while True:
        scale = layer.rule.scale(
            HiddenRoom(
                name=layer.name,
                weights=(weight,),
                bias=bias,
                bits=layer.rule.bits,
                difference=_difference(layer, choice, weight),
                threshold=layer.threshold,
                largest_membrane=room / STATE_HEADROOM,
            )
        )
        integers = quantized(weight, bias, scale, layer.rule.bits)
        # Rounding can add to the sum of a long row what the bound didn't foresee.
        reached = largest_sum(integers.weight, choice.lowest, choice.highest)
        if not for_any or reached <= SUM_MAX or layer.rule.given is not None:
            return integers
        room *= max(reached / SUM_MAX, 1.001)


def _measured(
    layer: PayloadLayer, choice: PayloadRange, integers: QuantizedWeights
) -> PayloadQuantization:
    noise = signal = strongest = 0.0
    bias = _per_target(layer, layer.operation.bias)
    integer_bias = _per_target(layer, integers.bias.astype(np.float64))
    for block in _blocks(layer):
        expected = weighted_sums(layer.operation, layer.operation.weight, block) + bias
        sums = weighted_sums(layer.operation, integers.weight, choice.payloads(block))
        noise += float(np.square((sums + integer_bias) / integers.scale - expected).sum())
        signal += float(np.square(expected).sum())
        strongest = max(strongest, float(np.abs(sums).max()))
    return PayloadQuantization(
        bits=choice.bits,
        asked_bits=layer.most_bits,
        scale=choice.scale,
        lowest=choice.lowest,
        highest=choice.highest,
        calibration_sum=int(strongest),
        worst_sum=int(largest_sum(integers.weight, choice.lowest, choice.highest)),
        error=float(np.sqrt(noise / signal)) if signal else 0.0,
    )


def _strongest_sum(layer: PayloadLayer) -> float:
    weight = layer.operation.weight
    return max(
        float(np.abs(weighted_sums(layer.operation, weight, block)).max())
        for block in _blocks(layer)
    )


def _per_target(layer: PayloadLayer, bias: FloatArray) -> FloatArray:
    return bias.reshape(-1, 1, 1) if isinstance(layer.operation, FloatConv) else bias


def _blocks(layer: PayloadLayer) -> Iterator[FloatArray]:
    """The samples as float64, as many at once as memory allows."""
    largest = max(prod(layer.shape), prod(layer.samples.shape[1:]))
    size = max(1, BATCH_BYTES // (8 * largest))
    for start in range(0, len(layer.samples), size):
        yield layer.samples[start : start + size].astype(np.float64)
