"""Synaptic memory: how many bits a core needs for the synapses behind its input axons.

Loihi 1's layout, as nengo-loihi's `SynapseConfig.bits_per_axon` computes it: an axon's synapses
lie in chunks of at most 64, each with a header of 10 bits (4 index, 6 number) and rounded up to
whole words of 64 bits.
"""

from typing import cast

import numpy as np

from export.chip.graph import IntArray

CHUNK_SYNAPSES = 64
HEADER_BITS = 10
WORD_BITS = 64
LEAST_INDEX_BITS = 6


def bits_per_axon(
    synapses: IntArray | int, weight_bits: int, delay_bits: int = 0, index_bits: int = 0
) -> IntArray:
    """Bits of the synapse lists of axons.

        sum over chunks of n <= 64 synapses of 64 ceil((n (wb + db + ib) + 10) / 64)

    Args:
        synapses: of each axon, any shape; an axon without synapses takes nothing.
        weight_bits: wb, see `weight_width`.
        delay_bits: db, 0 without delays.
        index_bits: ib, 0 in the dense format, which stores no target indices.

    Returns:
        int64, shape of `synapses`.
    """
    each = weight_bits + delay_bits + index_bits
    whole, rest = np.divmod(np.asarray(synapses, dtype=np.int64), CHUNK_SYNAPSES)
    return np.asarray(
        whole * _words(np.int64(CHUNK_SYNAPSES), each) + np.where(rest > 0, _words(rest, each), 0)
    )


def index_width(targets: int) -> int:
    """Bits that tell the targets on a core apart: ceil(log2(targets)), of one target none.

    The chip's formats know no width from 1 to 5 (nengo-loihi's INDEX_BITS_MAP).
    """
    return max((targets - 1).bit_length(), LEAST_INDEX_BITS) if targets > 1 else 0


def weight_width(weight: IntArray, widths: tuple[int, ...]) -> int:
    """Bits that a weight of this matrix takes.

    The weights' common power of two is the exponent's and needs no bits. What remains takes the
    smallest of `widths` that holds all magnitudes, and where both signs occur the sign as well
    (two's complement: 8 bits hold -256 to 254 in steps of 2). Weights beyond the largest width,
    which the chip can't encode, take the bits they need.
    """
    needed = magnitude_bits(weight) + has_both_signs(weight)
    return min((width for width in widths if width >= needed), default=needed)


def magnitude_bits(weight: IntArray) -> int:
    """Bits that hold every magnitude, without the common power of two; at least 1."""
    # An or over int64 is one integer; numpy's stub leaves it open.
    together = int(cast(np.int64, np.bitwise_or.reduce(np.abs(weight), axis=None)))
    if together == 0:
        return 1
    step = together & -together
    low, high = int(weight.min()) // step, int(weight.max()) // step
    if has_both_signs(weight):
        return max(high.bit_length(), (-low - 1).bit_length())
    return max(abs(low), abs(high)).bit_length()


def has_both_signs(weight: IntArray) -> bool:
    """Whether positive and negative weights occur."""
    return bool(weight.min() < 0 < weight.max())


def _words(synapses: IntArray | np.int64, each: int) -> IntArray:
    bits = synapses * each + HEADER_BITS
    return np.asarray(-(-bits // WORD_BITS) * WORD_BITS)
