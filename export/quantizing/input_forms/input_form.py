"""One row of the table of input forms: how samples enter the chip."""

from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from export.chip.graph import ChipGraph, ChipInput, HostEncoder, Population, Projection
from export.nir_metadata import FrozenFacts
from export.quantizing.layer import LayerQuantization
from export.quantizing.scale_rule import ScaleRule
from export.quantizing.segments import Segment

PAYLOAD_BITS = 8
"""The most bits that a graded payload has, unless a recipe says otherwise."""

ChipInputs = NDArray[Any]
"""Integers for the chip: [N, T, *shape], or [N, *shape] for the same at every step."""


@dataclass(frozen=True)
class Encoded:
    """What the host sends.

    Args:
        integers: for the chip.
        clipped: how many of them lay outside the range that the host may send.
    """

    integers: ChipInputs
    clipped: int


@dataclass(frozen=True)
class Calibration:
    """What sets the scales.

    Args:
        samples: inputs as the network takes them, never the test split.
        largest_membrane: largest |u| of the first population on them, in units of its current.
        payload_bits: the most a graded payload may have.
        rule: weight bits and how the scale is chosen.
    """

    samples: NDArray[Any]
    largest_membrane: float
    payload_bits: int
    rule: ScaleRule


@dataclass(frozen=True)
class FirstLayer:
    """What becomes of the first segment.

    Args:
        input: the chip graph's.
        host: what the host does to a sample.
        population: the first one.
        projections: from the external input; none where the host writes biases.
        report: what rounding did.
    """

    input: ChipInput
    host: HostEncoder | None
    population: Population
    projections: tuple[Projection, ...]
    report: LayerQuantization


class Quantise(Protocol):
    """Makes the first layer."""

    def __call__(
        self, first: Segment, facts: FrozenFacts, calibration: Calibration, /
    ) -> FirstLayer:
        """Population and projections of the first segment, with scales from calibration data."""


class Encode(Protocol):
    """Turns samples into integers for the chip."""

    def __call__(
        self, first: Segment, facts: FrozenFacts, chip: ChipGraph, samples: NDArray[Any], /
    ) -> Encoded:
        """The chip's inputs of samples [N, *shape], or [N, T, *shape] for sequences."""


@dataclass(frozen=True)
class InputFormRow:
    """How samples enter the chip.

    Args:
        summary: one line.
        quantise: makes the first layer.
        encode: turns samples into integers.
    """

    summary: str
    quantise: Quantise
    encode: Encode
