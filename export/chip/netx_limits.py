"""What netx accepts and then silently ruins, or a Loihi chip can't hold: refused before writing."""

import numpy as np

from export.chip.check_graph import label
from export.chip.dense_rule import effective_matrices
from export.chip.graph import ConvProjection, DenseProjection, IntArray, Population, Projection
from export.chip.limits import (
    BIAS_MANT_MAX,
    CONV_FIELD_MAX,
    DECAY_ONE,
    DELAY_MAX,
    THRESHOLD_MANT_MAX,
    WEIGHT_MAX,
    WEIGHT_MIN,
)
from export.chip.netx_chain import Link
from export.errors import LimitExceeded


def refuse_traps(link: Link, where: str) -> None:
    """Raises LimitExceeded when netx or the chip would compute something else than the graph.

    Args:
        link: one layer of the chain.
        where: names the file in messages.
    """
    check_neurons(link.population, where)
    if isinstance(link.incoming, DenseProjection):
        back = () if link.recurrent is None else (link.recurrent.weight,)
        effective_matrices((link.incoming.weight, *back), f"{where}, {label(link.incoming)}")
    for projection in (link.incoming, link.recurrent):
        if projection is not None:
            check_projection(projection, where)


def check_neurons(population: Population, where: str) -> None:
    """Raises LimitExceeded when a parameter leaves the chip's field for it."""
    where = f"{where}, population '{population.name}'"
    for thresholds in (population.threshold, population.schedule):
        if thresholds is not None:
            _check_range(thresholds, 0, THRESHOLD_MANT_MAX, where, "threshold", "weight scale")
    _check_range(population.bias, -BIAS_MANT_MAX, BIAS_MANT_MAX, where, "bias", "weight scale")
    for key, decay in (("decay_u", population.decay_u), ("decay_v", population.decay_v)):
        _check_range(decay, 0, DECAY_ONE, where, key, "decay")


def check_projection(projection: Projection, where: str) -> None:
    """Raises LimitExceeded when weights, delays or a convolution's geometry leave their ranges."""
    where = f"{where}, {label(projection)}"
    _check_range(projection.weight, WEIGHT_MIN, WEIGHT_MAX, where, "weight", "weight scale")
    if projection.delay is not None:
        _check_range(np.asarray(projection.delay), 0, DELAY_MAX, where, "delay", "delay")
    if isinstance(projection, ConvProjection):
        _check_geometry(projection, where)


def _check_geometry(projection: ConvProjection, where: str) -> None:
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
