"""Matrix products of integers that floating point computes without any rounding.

A sum of integer products is exact in whatever order it is added up, as long as
sum |weight| * max |payload| stays below 2^24 in float32 (2^53 in float64): every partial sum is
then an integer that the format holds. Winograd, FFT and TF32 compute something else, so
convolutions run as matrix products too, and no torch convolution is called.
"""

import torch
from torch import Tensor

from hwsim.errors import SimulationError

FLOAT32_EXACT = 1 << 24
SUM_LIMIT = 1 << 31
"""Lava's synaptic sums have 32 bits; float64 is exact far beyond."""


def exact_dtype(bound: int) -> torch.dtype:
    """The narrowest float in which every sum of magnitude up to `bound` is exact."""
    plain = torch.get_float32_matmul_precision() == "highest"
    return torch.float32 if bound < FLOAT32_EXACT and plain else torch.float64


def refuse_overflow(bound: int, where: str) -> None:
    """Raises SimulationError when a synaptic sum could leave the 32 bits Lava computes in."""
    if bound >= SUM_LIMIT:
        raise SimulationError(
            f"{where}: a synaptic sum could reach {bound}, beyond the 32 bits Lava computes in "
            f"({SUM_LIMIT - 1}). Lower the weights or the payloads."
        )


def refuse_inexact(computed: Tensor, expected: Tensor, where: str) -> None:
    """Raises SimulationError when a device's product differs from the same one in integers."""
    if not torch.equal(computed.cpu(), expected.cpu()):
        raise SimulationError(
            f"{where}: matrix products on device '{computed.device}' aren't exact (a reduced "
            "precision is switched on). Call torch.set_float32_matmul_precision('highest')."
        )
