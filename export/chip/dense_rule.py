"""What Lava's netx makes of a dense weight matrix: most survive unchanged, some are destroyed.

With max and min over a layer's whole matrix W (recurrent weights beside it), netx chooses

    mixed signs beyond [-256, 254]:  W <- clip(W, -256, 254)
    max < 0:          sb = floor(log2(-256 / min)),                       m = 0
    min >= 0:         sb = floor(log2(255 / max)),                        m = 0
    min < 0 <= max:   sb = floor(log2(min(127 / max, -128 / min))) + 1,   m = 1
    n = (largest k <= 8 such that 2^k divides every weight) - m
    W' = W << sb

and the emulator then, for each matrix by its own sign (M = 1 for mixed signs, else 0),

    q = clip(|sign| W', -256 M, 255) ;  k = sb + n + M ;  q <- (q >> k) << k
    a = (q . spikes) >> sb

where numpy makes 0 of a shift by a negative number of bits. What this leaves of a matrix:

    mixed signs           exact in [-256, 254], clipped to that range outside
    no negative weight    exact up to 255; beyond, the whole layer silently becomes zero
    no positive weight    below -256 the whole layer silently becomes zero; where the minimum is
                          -1, -2, -4, ..., -256 the entries equal to it change; where one weight
                          is 0, one odd and the minimum below -128, the layer becomes zero
    all zero              building the network fails

Source: `optimize_weight_bits` of lava-dl 0.6.0 and `clip_weights`, `truncate_weights` of
lava-nc 0.10.0; measured on both.
"""

from dataclasses import dataclass

import numpy as np

from export.chip.graph import IntArray
from export.chip.limits import WEIGHT_MAX, WEIGHT_MIN
from export.errors import LimitExceeded

EXCITATORY_MAX = 255
MOST_ZERO_BITS = 8
"""netx looks for at most this many zero bits at the end of all weights."""


@dataclass(frozen=True)
class LavaWeights:
    """A matrix as Lava's emulator holds it: a = (stored . spikes) >> shift."""

    stored: IntArray
    shift: int

    @property
    def halved(self) -> IntArray:
        """Where a weight isn't whole: the shift comes after the sum, so halves add up."""
        return self.stored & ((1 << self.shift) - 1)

    @property
    def whole(self) -> IntArray:
        """The weights that Lava multiplies with; halves are rounded down."""
        return self.stored >> self.shift


def lava_weights(matrices: tuple[IntArray, ...], where: str) -> tuple[LavaWeights, ...]:
    """What Lava makes of a layer's matrices, [targets, sources] each; see the module.

    Args:
        matrices: the input matrix, and the recurrent one if there is one.
        where: names the layer in messages.

    Raises:
        LimitExceeded: every weight is 0, and Lava can't build such a layer.
    """
    joint = np.hstack(matrices)
    lowest, highest = int(joint.min()), int(joint.max())
    if lowest == 0 == highest:
        raise LimitExceeded(
            f"{where}: every dense weight is 0, and Lava can't build such a layer. "
            "Remove the layer or raise the weight scale."
        )
    if (highest > WEIGHT_MAX and lowest < 0) or (lowest < WEIGHT_MIN and highest > 0):
        clipped = tuple(np.clip(matrix, WEIGHT_MIN, WEIGHT_MAX) for matrix in matrices)
        return lava_weights(clipped, where)
    mixed = lowest < 0 <= highest
    shift = _scale_bits(lowest, highest)
    if shift < 0:
        return tuple(LavaWeights(np.zeros_like(matrix), 0) for matrix in matrices)
    dropped = shift + _zero_bits(joint) - mixed
    return tuple(LavaWeights(_stored(m << shift, dropped), shift) for m in matrices)


def effective_matrices(matrices: tuple[IntArray, ...], where: str) -> tuple[IntArray, ...]:
    """The weights Lava really multiplies with, for a layer that is to be written.

    Args:
        matrices: [targets, sources] each, the recurrent one last.
        where: names the layer in messages.

    Returns:
        one matrix per given one: as it is, or clipped to [-256, 254] where signs are mixed.

    Raises:
        LimitExceeded: Lava would fail on this layer or silently replace its weights.
    """
    kept = lava_weights(matrices, where)
    joint = np.hstack(matrices)
    mixed = bool(joint.min() < 0 < joint.max())
    for matrix, lava in zip(matrices, kept, strict=True):
        wanted = np.clip(matrix, WEIGHT_MIN, WEIGHT_MAX) if mixed else matrix
        wrong = (lava.whole != wanted) | (lava.halved != 0)
        if wrong.any():
            place = int(wrong.argmax())
            given, made = int(matrix.flat[place]), int(lava.stored.flat[place]) / 2**lava.shift
            raise LimitExceeded(
                f"{where}: weight {given} would count as {made:g} in Lava ({_cause(matrix)}). "
                "Change the weight scale, or give the matrix weights of both signs."
            )
    return tuple(lava.whole for lava in kept)


def _scale_bits(lowest: int, highest: int) -> int:
    if highest < 0:
        return _log2(256, -lowest)
    if lowest >= 0:
        return _log2(EXCITATORY_MAX, highest)
    falling = _log2(128, -lowest)
    return 1 + (falling if highest == 0 else min(_log2(127, highest), falling))


def _log2(limit: int, size: int) -> int:
    """floor(log2(limit / size)), in integers."""
    if size <= limit:
        return (limit // size).bit_length() - 1
    return -((-(-size // limit) - 1).bit_length())


def _zero_bits(joint: IntArray) -> int:
    """How many bits at the end of every weight are zero."""
    together = int(np.bitwise_or.reduce(joint, axis=None))
    return next(bits for bits in range(MOST_ZERO_BITS, -1, -1) if together % (1 << bits) == 0)


def _stored(scaled: IntArray, dropped: int) -> IntArray:
    mixed = bool(scaled.min() < 0 < scaled.max())
    sign = -1 if scaled.min() < 0 and not mixed else 1
    clipped = np.clip(sign * scaled, -256 if mixed else 0, EXCITATORY_MAX)
    bits = dropped + mixed
    kept: IntArray = (clipped >> bits) << bits if bits >= 0 else np.zeros_like(clipped)
    return sign * kept


def _cause(matrix: IntArray) -> str:
    lowest, highest = int(matrix.min()), int(matrix.max())
    if lowest >= 0:
        return (
            f"no weight is negative and the largest is {highest}, above {EXCITATORY_MAX}"
            if (highest > EXCITATORY_MAX)
            else "no weight of this matrix is negative, those of the layer's other one are"
        )
    if lowest < WEIGHT_MIN:
        return f"no weight is positive and the smallest is {lowest}, below {WEIGHT_MIN}"
    if (-lowest) & (-lowest - 1) == 0:
        return f"no weight is positive and the smallest is {lowest}, minus a power of two"
    return f"no weight is positive, the smallest is {lowest}, and one is odd"
