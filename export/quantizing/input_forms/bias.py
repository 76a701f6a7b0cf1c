"""bias: the host computes the first linear operation and writes its currents as biases.

    mantissa = round((W x + b) * scale)                    within +-4095

Once per sample where the input is static, once per step for a sequence.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.chip.graph import ChipGraph, ChipInput, HostEncoder
from export.errors import UnsupportedLayer
from export.nir_metadata import FrozenFacts
from export.quantizing.compose import FloatArray, currents, macs
from export.quantizing.input_forms.input_form import (
    Calibration,
    Encoded,
    FirstLayer,
    InputFormRow,
)
from export.quantizing.input_room import InputRoom
from export.quantizing.layer import LayerQuantization, layer_population
from export.quantizing.segments import Segment
from export.quantizing.uniform_neuron import uniform_neuron

BATCH = 512
"""Samples whose float currents are held at once."""


def quantise(first: Segment, facts: FrozenFacts, calibration: Calibration) -> FirstLayer:
    """A population without synapses, at a scale that fits the calibration's currents.

    Raises:
        LimitExceeded: the threshold would round to 0.
        UnsupportedLayer: its neurons don't fit the chip's model.
    """
    neuron = uniform_neuron(first)
    largest = float(np.abs(host_currents(first, facts, calibration.samples)).max())
    room = InputRoom(
        first.target, largest, neuron.decay, facts.time_steps, neuron.highest_threshold
    )
    scale = calibration.rule.input_scale(room)
    population = layer_population(first, neuron, scale, np.zeros((), dtype=np.int64))
    return FirstLayer(
        input=ChipInput(first.target, "bias", first.shape),
        host=HostEncoder(macs=host_macs(first, facts), scale=scale),
        population=population,
        projections=(),
        report=LayerQuantization(
            first.target, scale, int(population.threshold), 0, clipped_weights=0, sqnr_db=None
        ),
    )


def encode(first: Segment, facts: FrozenFacts, chip: ChipGraph, samples: NDArray[Any]) -> Encoded:
    """Bias mantissas, int64 [N, C, H, W] or [N, T, C, H, W], clipped to the host's range.

    Raises:
        UnsupportedLayer: the chip graph names no scale.
    """
    if chip.host is None:
        raise UnsupportedLayer(
            "encode: this chip graph is driven by biases and has no host encoder to say their "
            "scale. Use a chip file that spikeport wrote."
        )
    batches, clipped = [], 0
    for start in range(0, len(samples), BATCH):
        currents_of_batch = host_currents(first, facts, samples[start : start + BATCH])
        mantissas = np.rint(currents_of_batch * chip.host.scale)
        within = np.clip(mantissas, chip.host.lowest, chip.host.highest)
        clipped += int((within != mantissas).sum())
        batches.append(within.astype(np.int64))
    return Encoded(np.concatenate(batches), clipped)


def host_currents(first: Segment, facts: FrozenFacts, inputs: NDArray[Any]) -> FloatArray:
    """Currents into the first population: [N, *shape], or [N, T, *shape] for sequences."""
    if facts.input.form == "static":
        return currents(first, inputs)
    over_time = currents(first, inputs.reshape(-1, *inputs.shape[2:]))
    return over_time.reshape(*inputs.shape[:2], *first.shape)


def host_macs(first: Segment, facts: FrozenFacts) -> int:
    """Multiply-accumulates per sample: a sequence brings a new input at each step."""
    return macs(first) * (1 if facts.input.form == "static" else facts.time_steps)


BIAS = InputFormRow(
    summary="the host computes the first linear operation and writes its currents as biases",
    quantise=quantise,
    encode=encode,
)
