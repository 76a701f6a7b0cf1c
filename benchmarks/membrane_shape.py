"""A membrane histogram in text, with the numbers that say how far from a Gaussian it is."""

import numpy as np
from numpy.typing import NDArray

from trainers.diagnostics_file import EDGES

BAR = 40
"""Characters of the longest bar."""

ROWS = 16
"""Bins are merged to this many rows."""


def membrane_shape(counts: NDArray[np.int64]) -> str:
    """Bars of u - threshold, with mean, standard deviation, skewness and excess kurtosis.

    A threshold at mean + std leaves 15.9 % of a Gaussian above it; a skewed membrane leaves another
    share. Moments come from bin centres, with the two overflow bins counted at the outer edges.

    Args:
        counts: [bins + 2], below, bins, above.
    """
    centres = np.concatenate([EDGES[:1], (EDGES[:-1] + EDGES[1:]) / 2, EDGES[-1:]])
    share = counts / counts.sum()
    mean = float((share * centres).sum())
    deviation = float(np.sqrt((share * (centres - mean) ** 2).sum()))
    third, fourth = (
        float((share * ((centres - mean) / deviation) ** power).sum()) for power in (3, 4)
    )
    inner = share[1:-1].reshape(ROWS, -1).sum(axis=1)
    starts = EDGES[:-1].reshape(ROWS, -1)[:, 0]
    bars = [
        f"  {start:5.1f} {'#' * round(BAR * part / inner.max()):<{BAR}} {part:.3f}"
        for start, part in zip(starts, inner, strict=True)
    ]
    above = share[EDGES.size // 2 + 1 :].sum()
    head = (
        f"  u - threshold: mean {mean:.2f}, std {deviation:.2f}, skewness {third:.2f} and excess "
        f"kurtosis {fourth - 3:.2f} (both 0 for a Gaussian), share above 0: {above:.3f}"
    )
    return "\n".join([head, *bars])
