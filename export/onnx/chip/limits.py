"""What a chip's ONNX file holds unchanged: the ranges of Lava's own fields, and 32-bit sums."""

from export.chip.check_graph import label
from export.chip.graph import ChipGraph, IntArray, Population
from export.chip.limits import BIAS_MANT_LAVA_MAX, DECAY_ONE, THRESHOLD_MANT_LAVA_MAX
from export.errors import LimitExceeded, UnsupportedLayer
from export.onnx.chip.reach import INT32_LIMIT
from export.onnx.chip.synapses import largest_row

RANGES = (
    ("decay_u", 0, DECAY_ONE),
    ("decay_v", 0, DECAY_ONE),
    ("threshold", 0, THRESHOLD_MANT_LAVA_MAX),
    ("bias", -BIAS_MANT_LAVA_MAX, BIAS_MANT_LAVA_MAX),
)


def check_limits(graph: ChipGraph) -> None:
    """Refuses what Lava's fields can't hold.

    Raises:
        LimitExceeded: Lava would hold another value, or a sum could leave 32 bits.
        UnsupportedLayer: a threshold changes from step to step.
    """
    for name in graph.scheduled:
        raise UnsupportedLayer(
            f"model.chip.onnx: population '{name}' has another threshold at each step, which no "
            "chip and no file of target chip-onnx holds. Export to targets schedule, onnx and chip."
        )
    for population in graph.populations:
        _check_population(population)
    for projection in graph.projections:
        largest = largest_row(projection.weight)
        if largest >= INT32_LIMIT:
            raise LimitExceeded(
                f"chip graph, {label(projection)}: a synaptic sum could reach {largest}, beyond "
                f"the 32 bits Lava computes in ({INT32_LIMIT - 1}). Lower the weights."
            )


def _check_population(population: Population) -> None:
    for key, lowest, highest in RANGES:
        values: IntArray = getattr(population, key)
        for extreme in (int(values.min()), int(values.max())):
            if not lowest <= extreme <= highest:
                raise LimitExceeded(
                    f"population '{population.name}': {key} {extreme} lies outside "
                    f"{lowest}..{highest}. Quantise the network again."
                )
