"""spikes: the input is 0 or 1 at every step, and the chip computes the first layer as any other.

The external input sends a spike along its synapses where a value is 1.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.chip.graph import ChipGraph, ChipInput
from export.nir_metadata import FrozenFacts
from export.quantizing.input_forms.input_form import (
    Calibration,
    Encoded,
    FirstLayer,
    InputFormRow,
)
from export.quantizing.integrated_layer import hidden_layer
from export.quantizing.segments import Segment
from trainers.errors import DataError

BATCH = 512
"""Samples that are looked at at once."""


def quantise(first: Segment, facts: FrozenFacts, calibration: Calibration) -> FirstLayer:
    """A layer like the hidden ones, fed by the external input.

    Raises:
        DataError: a calibration input is neither 0 nor 1.
        LimitExceeded: no scale lets the layer's values fit the chip's ranges.
        UnsupportedLayer: its neurons don't fit the chip's model.
    """
    del facts
    refuse_other_values(calibration.samples)
    layer = hidden_layer(first, calibration.largest_membrane, {}, calibration.rule)
    return FirstLayer(
        input=ChipInput(first.source, "spikes", first.given),
        host=None,
        population=layer.population,
        projections=layer.projections,
        report=layer.report,
    )


def encode(first: Segment, facts: FrozenFacts, chip: ChipGraph, samples: NDArray[Any]) -> Encoded:
    """Spikes, uint8 [N, T, *shape], or [N, *shape] of static samples, the same at every step.

    Raises:
        DataError: a value is neither 0 nor 1.
    """
    del first, facts, chip
    refuse_other_values(samples)
    return Encoded(samples.astype(np.uint8), clipped=0)


def refuse_other_values(samples: NDArray[Any]) -> None:
    """Raises DataError, with the first value found that is no spike."""
    for start in range(0, len(samples), BATCH):
        values = samples[start : start + BATCH]
        other = (values != 0) & (values != 1)
        if other.any():
            place = np.unravel_index(int(other.argmax()), other.shape)
            raise DataError(
                f"input form 'spikes': sample {start + int(place[0])} holds "
                f"{float(values[place]):g}, but a spike is 0 or 1. Choose export.input_form bias "
                "or graded, or an encoding into spikes (encoding.name = rate or latency)."
            )


SPIKES = InputFormRow(
    summary="inputs of 0 and 1 enter as spikes; the chip computes the first layer",
    quantise=quantise,
    encode=encode,
)
