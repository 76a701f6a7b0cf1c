"""Sums of integer products in floating point, exact, and what becomes of them in 24 bits.

A sum of integer products is exact in float32 in whatever order it is added up, as long as sum
|weight| * |input| stays below 2^24; here it stays below 2^23, where a sum itself would leave 24
bits. Winograd, FFT and TF32 compute something else; direct convolutions and matrix products don't.
"""

import nir
import torch
import torch.nn.functional as F
from torch import Tensor

from export.chip.limits import STATE_LIMIT, STATE_SHIFT
from export.errors import LimitExceeded
from export.graph_order import OrderedNode
from export.window import conv_window, pool_window

SUM_LIMIT = STATE_LIMIT >> STATE_SHIFT
"""A sum |a| below it leaves u = a << 6 within 24 bits."""


class WeightedSum:
    """How weights of a convolution or a matrix meet their inputs."""

    def __init__(self, ordered: OrderedNode) -> None:
        self.window = (
            conv_window(ordered.name, ordered.node)
            if isinstance(ordered.node, nir.Conv2d)
            else None
        )
        self.groups = int(getattr(ordered.node, "groups", 1))

    def __call__(self, inputs: Tensor, weight: Tensor) -> Tensor:
        """Sums [N, *shape] of inputs [N, *given], without a bias."""
        if torch.get_float32_matmul_precision() == "highest":
            return self._sums(inputs, weight)
        return self._sums(inputs.double(), weight.double()).float()

    def _sums(self, inputs: Tensor, weight: Tensor) -> Tensor:
        if self.window is None:
            return F.linear(inputs, weight)
        window = self.window
        padding = window.before
        if window.before != window.after:
            (top, left), (bottom, right) = window.before, window.after
            inputs, padding = F.pad(inputs, (left, right, top, bottom)), (0, 0)
        # NNPACK and cuDNN may compute in the frequency domain or by Winograd, which rounds.
        backend = torch.backends.cudnn if inputs.is_cuda else torch.backends.nnpack
        with backend.flags(enabled=False):
            return F.conv2d(
                inputs, weight, None, window.stride, padding, window.dilation, self.groups
            )


def pooled(ordered: OrderedNode, spikes: Tensor) -> Tensor:
    """Pooling sums, or flattens, [N, *given] to [N, *shape]."""
    if isinstance(ordered.node, nir.Flatten):
        return spikes.reshape(len(spikes), *ordered.shape)
    window = pool_window(ordered.name, ordered.node)
    if any(window.before):
        rows, columns = window.before
        spikes = F.pad(spikes, (columns, columns, rows, rows))
    return F.avg_pool2d(spikes, window.kernel, window.stride, divisor_override=1)


def wrapped(sums: Tensor, bound: float) -> Tensor:
    """What u <- a << 6 keeps of sums a of magnitude up to `bound`, in units of 2^6.

    One correction by 2^24 as Lava makes it: +2^23 is kept, -2^23 becomes +2^23, and what lies
    further outside stays outside.
    """
    if bound < SUM_LIMIT:
        return sums
    above, below = sums > SUM_LIMIT, sums <= -SUM_LIMIT
    turn = 2 * SUM_LIMIT
    return sums - turn * above + turn * below


def refuse_too_large(name: str, bound: float) -> None:
    """Raises LimitExceeded where a synaptic sum itself could leave 24 bits."""
    if bound >= STATE_LIMIT:
        raise LimitExceeded(
            f"node '{name}': a synaptic sum could reach {bound:,.0f}, beyond the "
            f"{STATE_LIMIT - 1:,} that quantisation-aware fine-tuning computes. Pool less, or use "
            "fewer payload bits."
        )
