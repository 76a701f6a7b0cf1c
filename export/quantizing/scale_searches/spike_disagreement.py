"""spike-disagreement: the scale at which a layer fires most nearly as the float layer does.

The layers before it are quantised already, so a layer may mend what they spoilt. A readout takes
the scale with the smallest squared error of the logits.
"""

from export.errors import UnsupportedLayer
from export.quantizing.room import Room
from export.quantizing.scale_searches.candidates import candidates
from export.quantizing.scale_searches.scale_search import ScaleSearch
from export.quantizing.scale_searches.squared_error import squared_error

PER_OCTAVE = 8
"""Neighbouring candidates differ by 9 %."""


def spike_disagreement(room: Room) -> float:
    """The best of scales up to an octave away from squared-error's; ties go to smaller errors.

    Raises:
        LimitExceeded: no usable scale exists.
        UnsupportedLayer: nothing was recorded of the float network.
    """
    difference = room.difference
    if difference is None:
        raise UnsupportedLayer(
            f"layer '{room.name}': scale search spike-disagreement needs the float network's "
            "spikes. Quantise through export.quantizing.quantization."
        )
    middle = squared_error(room)
    tried = {middle, *candidates(room, middle / 2, middle * 2, PER_OCTAVE)}
    return min(
        sorted(tried, reverse=True),
        key=lambda scale: (difference(scale), room.squared_error(scale)),
    )


SPIKE_DISAGREEMENT = ScaleSearch(
    "the fewest spikes that differ on calibration data", spike_disagreement, runs_layers=True
)
