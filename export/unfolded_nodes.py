"""Nodes that exist in memory only, between a trained network and the folded one.

NIR has neither of them, so `write_nir` refuses them; the executor runs them, and export.folding
moves them into the weights next to them.
"""

from dataclasses import dataclass

import nir
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(eq=False)
class BatchNorm(nir.NIRNode):  # type: ignore[misc]
    """Batch norm with evaluation statistics, tdBN too: y = gain x + shift, per channel.

    Args:
        gain: [C], e.g. gamma / sqrt(variance + eps).
        shift: [C], e.g. beta - gain mean.
    """

    gain: FloatArray
    shift: FloatArray

    def __post_init__(self) -> None:
        # The rest of a shape comes from the graph: export.node_shape.
        self.input_type = {"input": None}
        self.output_type = {"output": None}


@dataclass(eq=False)
class PermutedFlatten(nir.NIRNode):  # type: ignore[misc]
    """Flattens all axes in another order than C, H, W, e.g. channels last with (1, 2, 0).

    Args:
        order: the input's axes, slowest first.
    """

    order: tuple[int, ...]

    def __post_init__(self) -> None:
        self.input_type = {"input": None}
        self.output_type = {"output": None}


MEMORY_ONLY = (BatchNorm, PermutedFlatten)
