"""Activation checkpointing: a segment keeps its input alone and runs again in the backward pass.

Chen et al. 2016 (arXiv 1604.06174), with torch.utils.checkpoint. A segment is

    of an nn.Sequential: the layers up to and including one with LIFs, e.g. conv - norm - LIF
    of a module with a forward of its own: each child with LIFs, e.g. a residual block

and a part with more than three LIFs is divided further. Layers behind the last LIF run as ever.
What a segment drew at random it draws again alike. Its buffers (batch norm's and threshold
statistics) are moved once: it runs again on copies of what they were before it ran.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from trainers.neurons.lif import LIF

MOST_LIFS = 3
"""Of a segment: what it computes again is in memory at once."""

Forward = Callable[..., Any]


@contextmanager
def recomputing(body: nn.Module) -> Iterator[None]:
    """Within the block, training passes of the body keep the inputs of its segments alone."""
    changed = list(_changed_forwards(body))
    for module, forward in changed:
        # On the object, where a module looks first: names, weights and hooks stay as they are.
        module.__dict__["forward"] = forward
    try:
        yield
    finally:
        for module, _ in changed:
            del module.__dict__["forward"]


def _changed_forwards(module: nn.Module) -> Iterator[tuple[nn.Module, Forward]]:
    if isinstance(module, LIF):
        yield module, _recomputed(module.forward, [module])
        return
    sequential = type(module).forward is nn.Sequential.forward
    if sequential:
        yield module, _in_segments(list(module.children()))
    for child in module.children():
        if _lifs(child) > MOST_LIFS or isinstance(child, nn.ModuleList | nn.ModuleDict):
            yield from _changed_forwards(child)
        elif _lifs(child) and not sequential:
            yield child, _recomputed(child.forward, [child])


def _in_segments(layers: list[nn.Module]) -> Forward:
    """What a Sequential of these layers runs."""
    runs: list[Forward] = []
    waiting: list[nn.Module] = []
    for layer in layers:
        if _lifs(layer) > MOST_LIFS:
            runs += [*waiting, layer]
            waiting = []
            continue
        waiting.append(layer)
        if _lifs(layer):
            runs.append(_recomputed(_one_after_another(waiting), waiting))
            waiting = []
    return _one_after_another([*runs, *waiting])


def _one_after_another(runs: list[Any]) -> Forward:
    def run(values: Any) -> Any:
        for each in runs:
            values = each(values)
        return values

    return run


def _recomputed(run: Forward, modules: list[nn.Module]) -> Forward:
    def segment(*inputs: Any, **options: Any) -> Any:
        if not (torch.is_grad_enabled() and modules[-1].training):
            return run(*inputs, **options)
        inputs = tuple(
            _kept(value) if isinstance(value, Tensor) and value.requires_grad else value
            for value in inputs
        )
        return checkpoint(
            run, *inputs, use_reentrant=False, context_fn=_BufferCopies(modules), **options
        )

    return segment


class _BufferCopies:
    """Gives torch's checkpoint the contexts of the first run and of the second."""

    def __init__(self, modules: list[nn.Module]) -> None:
        self.holders = [part for module in modules for part in module.modules()]

    def __call__(self) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
        before = [_cloned(part._buffers) for part in self.holders]
        return nullcontext(), self._swapped_in(before)

    @contextmanager
    def _swapped_in(self, before: list[dict[str, Tensor | None]]) -> Iterator[None]:
        now = [dict(part._buffers) for part in self.holders]
        for part, buffers in zip(self.holders, before, strict=True):
            part._buffers.update(_cloned(buffers))
        try:
            yield
        finally:
            for part, buffers in zip(self.holders, now, strict=True):
                part._buffers.update(buffers)


def _cloned(buffers: dict[str, Tensor | None]) -> dict[str, Tensor | None]:
    return {name: None if value is None else value.clone() for name, value in buffers.items()}


def _lifs(module: nn.Module) -> int:
    return sum(isinstance(part, LIF) for part in module.modules())


class _Kept(torch.autograd.Function):
    """Identity. It saves its input, which the segment holds anyway, where hooks can count it."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        ctx.save_for_backward(values)
        return values.view_as(values)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> Tensor:
        del ctx
        return grad_outputs[0]


def _kept(values: Tensor) -> Tensor:
    kept: Tensor = _Kept.apply(values)  # type: ignore[no-untyped-call]
    return kept
