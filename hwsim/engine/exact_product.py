"""When floating point computes sums of integer products without any rounding.

A sum of integer products is exact in whatever order it is added up, as long as
sum |weight| * max |payload| stays below 2^24 in float32 (2^53 in float64): every partial sum is
then an integer that the format holds. Winograd, FFT and TF32 compute something else; direct
convolutions and matrix products don't. Each product is proven on extreme integers, and every sum
that reaches a neuron is checked to be an integer.
"""

import numpy as np
import torch
from torch import Tensor

from export.chip.graph import IntArray
from hwsim.errors import SimulationError

FLOAT32_EXACT = 1 << 24
FLOAT64_EXACT = 1 << 53


def largest_sum(weight: IntArray, payload: tuple[int, int]) -> int:
    """Largest |sum| that payloads of this range can make with weights [outputs, ...]."""
    sums = np.abs(weight).reshape(len(weight), -1).sum(axis=1)
    return int(sums.max()) * max(abs(payload[0]), abs(payload[1]))


def exact_dtype(bound: int) -> torch.dtype:
    """The narrowest float in which every sum of magnitude up to `bound` is exact."""
    plain = torch.get_float32_matmul_precision() == "highest"
    return torch.float32 if bound < FLOAT32_EXACT and plain else torch.float64


def narrowed(sums: Tensor) -> Tensor:
    """Integers wrapped to signed 24 bits, int32: 2^23 becomes -2^23."""
    # The low 32 bits hold the low 24, and moving these up and down restores their sign.
    low = sums.to(torch.int64).to(torch.int32) if sums.dtype == torch.float64 else sums
    return (low.to(torch.int32) << 8) >> 8


def refuse_overflow(bound: int, where: str) -> None:
    """Raises SimulationError when a synaptic sum could leave what float64 holds exactly."""
    if bound >= FLOAT64_EXACT:
        raise SimulationError(
            f"{where}: a synaptic sum could reach {bound}, beyond the {FLOAT64_EXACT - 1} up to "
            "which float64 counts exactly. Lower the weights or the payloads."
        )


def refuse_inexact(computed: Tensor, expected: Tensor, where: str) -> None:
    """Raises SimulationError when a device's product differs from the same one in integers."""
    if not torch.equal(computed.cpu().to(torch.int64), expected.cpu().to(torch.int64)):
        raise SimulationError(
            f"{where}: products on device '{computed.device}' aren't exact (a reduced precision "
            "is switched on, or its library is at fault). Call "
            "torch.set_float32_matmul_precision('highest')."
        )
