"""What netx accepts and then silently ruins, or a Loihi chip can't hold: refused before writing."""

import numpy as np

from export.chip.check_graph import label
from export.chip.dense_rule import effective_dense
from export.chip.graph import ConvProjection, DenseProjection, IntArray, Population
from export.chip.limits import (
    BIAS_MANT_MAX,
    DECAY_ONE,
    DELAY_MAX,
    THRESHOLD_MANT_MAX,
    WEIGHT_MAX,
    WEIGHT_MIN,
)
from export.chip.netx_chain import Link
from export.errors import LimitExceeded

CONV_FIELD_MAX = 127
"""Lava keeps stride, padding, dilation and groups of a convolution in int8."""


def refuse_traps(link: Link) -> None:
    """Raises LimitExceeded when netx or the chip would compute something else than the graph."""
    _check_neurons(link.population)
    if isinstance(link.incoming, ConvProjection):
        _check_conv(link.incoming)
    elif link.incoming is not None:
        where = f"chip.net, {label(link.incoming)}"
        effective_dense(_joint(link.incoming, link.recurrent), where)
        _check_range(link.incoming.weight, WEIGHT_MIN, WEIGHT_MAX, where, "weight", "weight scale")
        if link.recurrent is not None:
            _check_range(
                link.recurrent.weight, WEIGHT_MIN, WEIGHT_MAX,
                f"chip.net, {label(link.recurrent)}", "weight", "weight scale",
            )  # fmt: skip
        if link.incoming.delay is not None:
            _check_range(link.incoming.delay, 0, DELAY_MAX, where, "delay", "delay")


def _joint(incoming: DenseProjection, recurrent: DenseProjection | None) -> IntArray:
    # netx quantises input and recurrent weights side by side.
    return incoming.weight if recurrent is None else np.hstack((incoming.weight, recurrent.weight))


def _check_neurons(population: Population) -> None:
    where = f"chip.net, population '{population.name}'"
    _check_range(population.threshold, 0, THRESHOLD_MANT_MAX, where, "threshold", "weight scale")
    _check_range(population.bias, -BIAS_MANT_MAX, BIAS_MANT_MAX, where, "bias", "weight scale")
    for key, decay in (("decay_u", population.decay_u), ("decay_v", population.decay_v)):
        _check_range(decay, 0, DECAY_ONE, where, key, "decay")


def _check_conv(projection: ConvProjection) -> None:
    where = f"chip.net, {label(projection)}"
    _check_range(projection.weight, WEIGHT_MIN, WEIGHT_MAX, where, "weight", "weight scale")
    geometry = {
        "stride": projection.stride,
        "padding": projection.padding,
        "dilation": projection.dilation,
        "groups": (projection.groups,),
    }
    for key, values in geometry.items():
        if max(values) > CONV_FIELD_MAX:
            raise LimitExceeded(
                f"{where}: {key} {max(values)} exceeds {CONV_FIELD_MAX}, the int8 in which Lava "
                f"keeps it. Use a smaller {key}."
            )


def _check_range(
    values: IntArray, lowest: int, highest: int, where: str, quantity: str, remedy: str
) -> None:
    worst = int(values.max()) if values.max() > highest else int(values.min())
    if not lowest <= worst <= highest:
        raise LimitExceeded(
            f"{where}: {quantity} {worst} lies outside {lowest}..{highest}. Lower the {remedy}."
        )
