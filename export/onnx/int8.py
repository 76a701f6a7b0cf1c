"""Weights of an ONNX file as int8, one scale per output channel or per tensor.

    q = round(w / scale), ties to even, in [-127, 127] ;   scale = max |w| / 127
    w' = q * scale                                          (DequantizeLinear, float32)

Symmetric and without a zero point, as ONNX Runtime's and torch's weight-only schemes are. The
network computes in float32 with w', so it is another network than the one that was rounded.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Per = Literal["channel", "tensor"]
SingleArray = NDArray[np.float32]

LARGEST = 127
SMALLEST_SCALE = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True)
class Rounded:
    """A weight tensor as integers.

    Args:
        integers: int8, the weights' shape.
        scale: float32, [channels] or a single number.
    """

    integers: NDArray[np.int8]
    scale: NDArray[np.float32]


@dataclass(frozen=True)
class Int8Weights:
    """Rounds the weights of one file and keeps account of what that changed.

    Args:
        per: whether each output channel has a scale or the whole tensor one.
        changes: per weight tensor, the root of the summed squares of w' - w in that of w; 0 for
            weights that are all 0.
    """

    per: Per = "channel"
    changes: dict[str, float] = field(default_factory=dict)

    @property
    def largest_change(self) -> float:
        """Of any tensor."""
        return max(self.changes.values(), default=0.0)

    def rounded(self, name: str, weights: SingleArray, axis: int) -> Rounded:
        """The nearest integers, which `changes` then has an entry of.

        Args:
            name: of the tensor.
            weights: float32, finite.
            axis: of the output channels.
        """
        doubles = weights.astype(np.float64)
        magnitude = np.abs(doubles)
        if self.per == "tensor":
            scale = _scale(magnitude.max(initial=0.0))
            spread = scale.astype(np.float64)
        else:
            others = tuple(k for k in range(weights.ndim) if k != axis)
            scale = _scale(magnitude.max(axis=others, initial=0.0))
            spread = np.expand_dims(scale.astype(np.float64), others)
        integers = np.clip(np.rint(doubles / spread), -LARGEST, LARGEST).astype(np.int8)
        self.changes[name] = _change(doubles, integers * spread)
        return Rounded(integers, scale)


def _scale(largest: Any) -> NDArray[np.float32]:
    """Never 0: where all weights are, any scale serves."""
    scale: NDArray[np.float32] = np.maximum(
        np.asarray(largest, dtype=np.float64) / LARGEST, SMALLEST_SCALE
    ).astype(np.float32)
    return scale


def _change(before: NDArray[np.float64], after: NDArray[np.float64]) -> float:
    size = float(np.linalg.norm(before))
    return float(np.linalg.norm(after - before)) / size if size else 0.0
