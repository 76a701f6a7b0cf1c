"""What Lava's netx makes of a dense weight matrix: most survive unchanged, some are destroyed.

netx picks a weight exponent from the matrix's extremes and a sign mode from its signs; its
emulator then clips and truncates the scaled weights to 8 bits. Worked out for every pair of
extremes, this leaves four cases:

    mixed signs           exact in [-256, 254], clipped to that range outside
    no negative weight    exact up to 255; beyond, the whole layer silently becomes zero
    no positive weight    exact down to -255, except where the minimum is -1, -2, -4, ..., -256:
                          there the entries equal to the minimum are silently corrupted
    all zero              building the network fails

Source: `optimize_weight_bits` of lava-dl 0.6.0 and `clip_weights`, `truncate_weights` of
lava-nc 0.10.0. A self-recurrent layer is judged with both its matrices side by side.
"""

import numpy as np

from export.chip.graph import IntArray
from export.chip.limits import WEIGHT_MAX, WEIGHT_MIN
from export.errors import LimitExceeded

EXCITATORY_MAX = 255


def effective_dense(weight: IntArray, where: str) -> IntArray:
    """The weights Lava really multiplies with.

    Args:
        weight: a layer's whole matrix, [targets, sources] (recurrent sources included).
        where: names the layer in messages.

    Raises:
        LimitExceeded: Lava would fail on this matrix or silently replace its weights.
    """
    lowest, highest = int(weight.min()), int(weight.max())
    if lowest == 0 == highest:
        raise LimitExceeded(
            f"{where}: every dense weight is 0, and Lava can't build such a layer. "
            "Remove the layer or raise the weight scale."
        )
    if lowest >= 0 and highest > EXCITATORY_MAX:
        raise LimitExceeded(
            f"{where}: no weight is negative and the largest is {highest}, above "
            f"{EXCITATORY_MAX}: Lava would zero the whole layer. Lower the weight scale."
        )
    if highest <= 0:
        _refuse_inhibitory(lowest, where)
    return np.clip(weight, WEIGHT_MIN, WEIGHT_MAX) if lowest < 0 < highest else weight


def _refuse_inhibitory(lowest: int, where: str) -> None:
    if lowest < WEIGHT_MIN:
        raise LimitExceeded(
            f"{where}: no weight is positive and the smallest is {lowest}, below {WEIGHT_MIN}: "
            "Lava would zero the whole layer. Lower the weight scale."
        )
    if (-lowest) & (-lowest - 1) == 0:
        raise LimitExceeded(
            f"{where}: no weight is positive and the smallest is {lowest}, minus a power of two: "
            "Lava would corrupt those weights. Change the weight scale or make one weight positive."
        )
