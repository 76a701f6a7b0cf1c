"""Batch norms over the mini-batches of all processes, on any device.

torch's own SyncBatchNorm does this on GPUs alone. With n samples (times steps and positions), mean
and M2 of all processes together (trainers/moments.py) and var = M2 / n:

    x^ = (x - mean) / sqrt(var + eps) ;   y = gamma x^ + beta

and in the backward pass, with g = dL/dy and sums over all processes:

    dL/dx = gamma / sqrt(var + eps) (g - (sum g + x^ sum (g x^)) / n)

The gradients of gamma and beta stay this process's own, since those of all weights are averaged
over the processes afterwards.
"""

from typing import Any

import torch
from lightning.pytorch.plugins import LayerSync
from torch import Tensor, distributed, nn
from torch.nn.modules.batchnorm import _BatchNorm

from trainers.moments import combined_over_ranks
from trainers.widened import at_least_float32


class SynchronisedNorms(LayerSync):
    """Turns the batch norms of a module into synchronised ones, in place, and back.

    They stay the same objects, with the same weights and names.
    """

    def apply(self, model: nn.Module) -> nn.Module:
        """Synchronises every batch norm that isn't yet."""
        for norm in _norms(model):
            if not isinstance(norm, _Synchronised):
                kind = type(norm)
                norm.__class__ = type(f"Synchronised{kind.__name__}", (_Synchronised, kind), {})
        return model

    def revert(self, model: nn.Module) -> nn.Module:
        """Makes them what they were."""
        for norm in _norms(model):
            if isinstance(norm, _Synchronised):
                norm.__class__ = type(norm).__bases__[1]
        return model


def _norms(model: nn.Module) -> list[_BatchNorm]:
    return [part for part in model.modules() if isinstance(part, _BatchNorm)]


class _Synchronised(_BatchNorm):
    """What a batch norm becomes: in training its statistics are those of all processes."""

    def forward(self, input: Tensor) -> Tensor:
        """[N, C, ...] to the same shape and dtype; statistics are float32 at least."""
        if not self.training:
            return super().forward(input)
        self._check_input_dim(input)  # type: ignore[no-untyped-call]
        count, mean, variance = combined_statistics(input)
        self._observe(count, mean, variance)
        normalised: Tensor = _Normalise.apply(  # type: ignore[no-untyped-call]
            input, self.weight, self.bias, mean, (variance + self.eps).rsqrt(), count
        )
        return normalised

    @torch.no_grad()
    def _observe(self, count: Tensor, mean: Tensor, variance: Tensor) -> None:
        if self.running_mean is None or self.running_var is None:
            return
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        share = self.momentum
        if share is None:
            share = 1 / float(self.num_batches_tracked)
        unbiased = variance * (count / (count - 1))
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), share)
        self.running_var.lerp_(unbiased.to(self.running_var.dtype), share)


@torch.no_grad()
def combined_statistics(values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Count, mean and biased variance of each channel over all processes.

    Args:
        values: [N, C, ...].

    Returns:
        A scalar and two of shape [C], in float32 at least; combined in float64.
    """
    wide = at_least_float32(values)
    variance, mean = torch.var_mean(wide, dim=_others(wide), correction=0)
    number = wide.numel() // wide.shape[1]
    total, joint, squares = combined_over_ranks(number, mean, variance.double() * number)
    return total[0].to(wide.dtype), joint.to(wide.dtype), (squares / total).to(wide.dtype)


class _Normalise(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        values: Tensor,
        gain: Tensor | None,
        shift: Tensor | None,
        mean: Tensor,
        scale: Tensor,
        count: Tensor,
    ) -> Tensor:
        shape = _channel_shape(values)
        outputs = (at_least_float32(values) - mean.view(shape)) * scale.view(shape)
        if gain is not None and shift is not None:
            outputs = outputs * gain.view(shape) + shift.view(shape)
        ctx.save_for_backward(values, gain, mean, scale, count)
        return outputs.to(values.dtype)

    @staticmethod
    def backward(
        ctx: Any, *grad_outputs: Tensor
    ) -> tuple[Tensor, Tensor | None, Tensor | None, None, None, None]:
        values, gain, mean, scale, count = ctx.saved_tensors
        shape, others = _channel_shape(values), _others(values)
        gradient = at_least_float32(grad_outputs[0])
        normalised = (at_least_float32(values) - mean.view(shape)) * scale.view(shape)
        sums = torch.stack([gradient.sum(dim=others), (gradient * normalised).sum(dim=others)])
        own = sums.clone()
        distributed.all_reduce(sums)
        plain, weighted = (part.view(shape) / count for part in sums)
        by_values = scale.view(shape) * (gradient - plain - normalised * weighted)
        if gain is None:
            return by_values.to(values.dtype), None, None, None, None, None
        by_values = by_values * gain.view(shape)
        by_shift, by_gain = own.to(gain.dtype)
        return by_values.to(values.dtype), by_gain, by_shift, None, None, None


def _others(values: Tensor) -> list[int]:
    return [axis for axis in range(values.ndim) if axis != 1]


def _channel_shape(values: Tensor) -> list[int]:
    return [-1 if axis == 1 else 1 for axis in range(values.ndim)]
