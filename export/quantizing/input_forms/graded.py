"""graded: the input enters as integer payloads, and the chip computes the first layer (Loihi 2).

    payload   = round(x * payload_scale)
    weight    = round(w * scale / payload_scale)        even, -256..254
    threshold = round(threshold * scale) ,  bias = round(b * scale)

so weight * payload stands for w x in units of 1 / scale, as bias and threshold do. Both scales are
chosen together, see `export.quantizing.input_forms.payload_search`: u takes a << 6 and holds 24
bits, the bias mantissa holds 12 and the threshold's 17.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from export.chip.graph import ChipGraph, ChipInput, HostEncoder
from export.errors import UnsupportedLayer
from export.nir_metadata import FrozenFacts
from export.quantizing.compose import compose
from export.quantizing.input_forms.input_form import (
    Calibration,
    Encoded,
    FirstLayer,
    InputFormRow,
)
from export.quantizing.input_forms.payload_search import PayloadLayer, best_payloads
from export.quantizing.integrated_layer import IntegratedLayer
from export.quantizing.layer import layer_bias, layer_population, layer_projection, layer_report
from export.quantizing.quantized_weights import QuantizedWeights
from export.quantizing.segments import Segment
from export.quantizing.uniform_neuron import uniform_neuron

BATCH = 512
"""Samples whose scaled values are held at once."""

STORED: tuple[DTypeLike, ...] = (np.uint8, np.int8, np.uint16, np.int16, np.int32)
"""Types that payloads are kept in, the first that holds the range."""


def quantise(first: Segment, facts: FrozenFacts, calibration: Calibration) -> FirstLayer:
    """A layer that payloads of the external input feed.

    Raises:
        LimitExceeded: no range of payloads lets the layer's values fit the chip's ranges, or all
            calibration inputs are 0.
        UnsupportedLayer: its neurons don't fit the chip's model.
    """
    samples = calibration.samples
    if facts.input.form == "sequence":
        samples = samples.reshape(-1, *samples.shape[2:])
    neuron, weights = uniform_neuron(first), compose(first)

    def built(integers: QuantizedWeights) -> IntegratedLayer:
        population = layer_population(first, neuron, integers.scale, layer_bias(first, integers))
        return IntegratedLayer(
            population,
            (layer_projection(first, weights, integers),),
            layer_report(first, integers, int(population.threshold)),
        )

    found = best_payloads(
        PayloadLayer(
            name=first.target,
            shape=first.shape,
            operation=weights,
            threshold=neuron.highest_threshold,
            largest_membrane=calibration.largest_membrane,
            charge=float(sum(neuron.decay**step for step in range(facts.time_steps))),
            samples=samples,
            most_bits=calibration.payload_bits,
            rule=calibration.rule,
            source=first.source,
            built=built,
        )
    )
    layer, payload = built(found.integers), found.payload
    return FirstLayer(
        input=ChipInput(first.source, "graded", first.given),
        host=HostEncoder(0, payload.scale, payload.lowest, payload.highest),
        population=layer.population,
        projections=layer.projections,
        report=replace(layer.report, payload=payload),
    )


def encode(first: Segment, facts: FrozenFacts, chip: ChipGraph, samples: NDArray[Any]) -> Encoded:
    """Payloads [N, T, *shape], or [N, *shape] of static samples, the same at every step.

    Values beyond the calibration's largest are clipped to the ends of the payloads' range.

    Raises:
        UnsupportedLayer: the chip graph names no payload scale.
    """
    del first, facts
    host = chip.host
    if host is None:
        raise UnsupportedLayer(
            "encode: this chip graph takes payloads and has no host encoder to say their scale. "
            "Use a chip file that spikeport wrote."
        )
    payloads, clipped = np.empty(samples.shape, _stored_type(host)), 0
    for start in range(0, len(samples), BATCH):
        scaled = np.rint(samples[start : start + BATCH].astype(np.float64) * host.scale)
        within = np.clip(scaled, host.lowest, host.highest)
        clipped += int((within != scaled).sum())
        payloads[start : start + BATCH] = within
    return Encoded(payloads, clipped)


def _stored_type(host: HostEncoder) -> DTypeLike:
    return next(
        dtype
        for dtype in STORED
        if np.iinfo(dtype).min <= host.lowest and host.highest <= np.iinfo(dtype).max
    )


GRADED = InputFormRow(
    summary="inputs enter as integer payloads; the chip computes the first layer (Loihi 2)",
    quantise=quantise,
    encode=encode,
)
