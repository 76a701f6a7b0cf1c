"""Which batch norm feeds which LIF layer, read from the traced forward."""

import operator
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx, nn

from trainers.errors import ConfigError
from trainers.layer_tracer import FORWARD_FAULTS, LayerTracer
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF

Norm = nn.BatchNorm1d | nn.BatchNorm2d
PASS_THROUGH = (nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.Dropout, nn.Dropout2d, nn.Identity)
ADDITIONS: tuple[Any, ...] = (operator.add, operator.iadd, torch.add, "add", "add_")


@dataclass(frozen=True)
class NormBefore:
    """A norm whose output reaches a LIF.

    Args:
        norm: affine batch norm.
        summed: its output is added to another branch on the way.
    """

    norm: Norm
    summed: bool


def norms_before(network: SpikingNetwork, method: str) -> dict[str, tuple[NormBefore, ...]]:
    """For each LIF by name, the affine batch norms whose outputs make up its current.

    Pooling and dropout in between are looked through.

    Args:
        network: with a body that only calls layers and adds or reshapes what they return.
        method: which method asks, for the message.

    Raises:
        ConfigError: the module's forward can't be traced.
    """
    try:
        graph = LayerTracer().trace(network.body)
    except FORWARD_FAULTS as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ConfigError(
            f"method {method}: the network's forward can't be traced ({reason}), so the norm "
            "before each LIF is unknown. Let it only call layers and add their outputs."
        ) from error
    modules = dict(network.body.named_modules())
    found: dict[str, tuple[NormBefore, ...]] = {name: () for name, _ in network.neurons()}
    for node in graph.nodes:
        if node.op == "call_module" and isinstance(modules[str(node.target)], LIF):
            found[str(node.target)] += tuple(_norms_before(node, modules, set(), summed=False))
    return found


def _norms_before(
    node: fx.Node, modules: dict[str, nn.Module], visited: set[fx.Node], *, summed: bool
) -> Iterator[NormBefore]:
    summed = summed or node.target in ADDITIONS
    for source in node.all_input_nodes:
        if source in visited:
            continue
        visited.add(source)
        module = modules.get(str(source.target)) if source.op == "call_module" else None
        if isinstance(module, Norm):
            if module.affine:
                yield NormBefore(module, summed)
        elif module is None or isinstance(module, PASS_THROUGH):
            yield from _norms_before(source, modules, visited, summed=summed)
