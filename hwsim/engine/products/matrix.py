"""Dense synaptic sums as one matrix product in floating point."""

from dataclasses import dataclass

import torch
from torch import Tensor

from export.chip.graph import IntArray
from hwsim.engine.products.geometry import as_tensor


@dataclass(frozen=True)
class MatrixProduct:
    """weight: [targets, sources], in a float type in which every sum is exact."""

    weight: Tensor

    @classmethod
    def of(cls, weight: IntArray, dtype: torch.dtype, device: str) -> "MatrixProduct":
        """The product with these integers."""
        return cls(as_tensor(weight, dtype, device))

    def __call__(self, events: Tensor) -> Tensor:
        """Sums [M, targets], wrapped to 32 bits where float32 doesn't hold them."""
        sums = events.to(self.weight.dtype) @ self.weight.T
        return sums if sums.dtype == torch.float32 else sums.to(torch.int64).to(torch.int32)
