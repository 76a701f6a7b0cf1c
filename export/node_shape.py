"""Shape that each kind of NIR node makes of its input, for one sample at one step.

NIR's own inference uses one kernel size for both axes and ignores groups, so it isn't used.
"""

from collections.abc import Callable
from math import prod
from typing import Any

import nir
import numpy as np

from export.errors import InvalidGraph, UnsupportedLayer
from export.unfolded_nodes import BatchNorm, PermutedFlatten
from export.window import Window, conv1d_window, conv_window, pool_window

Shape = tuple[int, ...]

LINEAR_KINDS = (nir.Affine, nir.Linear, nir.Conv2d, nir.SumPool2d, nir.AvgPool2d, nir.Flatten)
NEURON_KINDS = (nir.LIF, nir.IF, nir.CubaLIF, nir.Threshold)
"""Nodes whose output is spikes."""
STATE_KINDS = (nir.LIF, nir.IF, nir.CubaLIF, nir.LI, nir.CubaLI, nir.I, nir.Delay)
"""Nodes whose output depends on earlier steps."""


def node_shape(name: str, node: nir.NIRNode, given: Shape, *, unfolded: bool = False) -> Shape:
    """Output shape of a node that is given `given`.

    Args:
        name: in the graph, for messages.
        node: the node.
        given: shape of its input for one sample and step.
        unfolded: take every kind of node that the executor runs.

    Raises:
        UnsupportedLayer: nothing here runs or exports this kind of node.
        InvalidGraph: the input doesn't fit the node.
    """
    rules = _RULES | _UNFOLDED_RULES if unfolded else _RULES
    rule = rules.get(type(node))
    if rule is None:
        known = ", ".join(kind.__name__ for kind in rules)
        raise UnsupportedLayer(
            f"NIR node '{name}': kind {type(node).__name__} isn't supported. Use one of {known}."
        )
    return rule(name, node, given)


def _affine(name: str, node: Any, given: Shape) -> Shape:
    if node.weight.ndim != 2:
        raise UnsupportedLayer(
            f"NIR node '{name}': weights of {node.weight.ndim} dimensions aren't supported. "
            "Use (outputs, inputs)."
        )
    outputs, inputs = node.weight.shape
    if not given or given[-1] != inputs:
        raise _mismatch(name, f"(..., {inputs})", given)
    _check_bias(name, getattr(node, "bias", None), outputs)
    return (*given[:-1], int(outputs))


def _conv2d(name: str, node: Any, given: Shape) -> Shape:
    if node.weight.ndim != 4:
        raise InvalidGraph(
            f"NIR node '{name}': convolution weights have shape {node.weight.shape}, expected "
            "(out, in / groups, rows, columns). Export it again."
        )
    outputs, per_group = node.weight.shape[:2]
    inputs = per_group * _groups(name, node, outputs)
    if len(given) != 3 or given[0] != inputs:
        raise _mismatch(name, f"({inputs}, rows, columns)", given)
    _check_bias(name, node.bias, outputs)
    return (int(outputs), *conv_window(name, node).slide(name, (given[1], given[2])))


def _conv1d(name: str, node: Any, given: Shape) -> Shape:
    if node.weight.ndim != 3:
        raise InvalidGraph(
            f"NIR node '{name}': convolution weights have shape {node.weight.shape}, expected "
            "(out, in / groups, columns). Export it again."
        )
    outputs, per_group = node.weight.shape[:2]
    inputs = per_group * _groups(name, node, outputs)
    if len(given) != 2 or given[0] != inputs:
        raise _mismatch(name, f"({inputs}, columns)", given)
    _check_bias(name, node.bias, outputs)
    return (int(outputs), conv1d_window(name, node).slide(name, (1, given[1]))[1])


def _groups(name: str, node: Any, outputs: int) -> int:
    groups = int(node.groups)
    if groups < 1 or outputs % groups:
        raise InvalidGraph(
            f"NIR node '{name}': {outputs} output channels can't be split into {groups} groups. "
            "Export it again."
        )
    return groups


def _pool(name: str, node: Any, given: Shape) -> Shape:
    if len(given) != 3:
        raise _mismatch(name, "(channels, rows, columns)", given)
    window: Window = pool_window(name, node)
    return (given[0], *window.slide(name, (given[1], given[2])))


def _flatten(name: str, node: Any, given: Shape) -> Shape:
    first, last = (
        int(axis) + len(given) if axis < 0 else int(axis) for axis in (node.start_dim, node.end_dim)
    )
    if not 0 <= first <= last < len(given):
        raise InvalidGraph(
            f"NIR node '{name}': axes {int(node.start_dim)}..{int(node.end_dim)} can't be "
            f"flattened in an input of shape {given}. Count axes without the batch."
        )
    return (*given[:first], prod(given[first : last + 1]), *given[last + 1 :])


def _like(field: str) -> Callable[[str, Any, Shape], Shape]:
    """The rule of nodes that change no shape and whose parameters have that very shape."""

    def rule(name: str, node: Any, given: Shape) -> Shape:
        shape = np.shape(getattr(node, field))
        if shape != given:
            raise _mismatch(name, str(shape), given)
        return given

    return rule


def _norm(name: str, node: Any, given: Shape) -> Shape:
    if not given or node.gain.shape != given[:1] or node.shift.shape != given[:1]:
        raise _mismatch(name, f"({len(node.gain)}, ...)", given)
    return given


def _scale(name: str, node: Any, given: Shape) -> Shape:
    if np.ndim(node.scale) and np.shape(node.scale) != given:
        raise _mismatch(name, str(np.shape(node.scale)), given)
    return given


def _permuted_flatten(name: str, node: Any, given: Shape) -> Shape:
    if sorted(node.order) != list(range(len(given))):
        raise _mismatch(name, f"with {len(node.order)} axes", given)
    return (prod(given),)


def _check_bias(name: str, bias: Any, outputs: int) -> None:
    if bias is not None and np.shape(bias) != (outputs,):
        raise InvalidGraph(
            f"NIR node '{name}': bias has shape {np.shape(bias)}, expected ({outputs},). "
            "Export it again."
        )


def _mismatch(name: str, expected: str, given: Shape) -> InvalidGraph:
    return InvalidGraph(
        f"NIR node '{name}': it takes an input of shape {expected}, but is given {given}. "
        "Check the edges."
    )


_RULES: dict[type, Callable[[str, Any, Shape], Shape]] = {
    nir.Affine: _affine,
    nir.Linear: _affine,
    nir.Conv2d: _conv2d,
    nir.SumPool2d: _pool,
    nir.AvgPool2d: _pool,
    nir.Flatten: _flatten,
    nir.LIF: _like("v_threshold"),
    nir.IF: _like("v_threshold"),
    nir.CubaLIF: _like("v_threshold"),
}
_UNFOLDED_RULES: dict[type, Callable[[str, Any, Shape], Shape]] = {
    nir.Conv1d: _conv1d,
    nir.LI: _like("v_leak"),
    nir.CubaLI: _like("v_leak"),
    nir.I: _like("r"),
    nir.Delay: _like("delay"),
    nir.Threshold: _like("threshold"),
    nir.Scale: _scale,
    BatchNorm: _norm,
    PermutedFlatten: _permuted_flatten,
}
