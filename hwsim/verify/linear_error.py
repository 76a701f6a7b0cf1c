"""The bound of `hwsim.verify.rounding` through one linear node."""

import copy
from dataclasses import dataclass, replace

import nir
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from export.executor.linear import Operation, linear_operation
from export.executor.run import over_time
from export.graph_order import OrderedNode
from hwsim.verify.arithmetic import TINY, Arithmetic, gamma

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Signal:
    """A value and the bound of its error, both [T, N, *shape]; T is 1 for what stays the same."""

    value: Tensor
    error: Tensor

    @property
    def magnitude(self) -> Tensor:
        """The largest absolute value the runtime can hold here."""
        return self.value.abs() + self.error


class LinearError:
    """A linear node, its absolute values, and what rounding the weights takes from it."""

    def __init__(self, ordered: OrderedNode, arithmetic: Arithmetic, roundoff: float) -> None:
        self._value = linear_operation(ordered)
        self._spread = self._size = self._value
        self._terms: Operation | None = None
        self._lost: Operation | None = None
        self._roundoff = roundoff
        if isinstance(ordered.node, nir.SumPool2d | nir.AvgPool2d):
            self._terms = linear_operation(_as_sum(ordered))
        elif not isinstance(ordered.node, nir.Flatten):
            self._split(ordered, single=arithmetic.single_weights)

    def _split(self, ordered: OrderedNode, *, single: bool) -> None:
        weight = np.asarray(ordered.node.weight, dtype=np.float64)
        held = getattr(ordered.node, "bias", None)
        bias = np.zeros(len(weight)) if held is None else np.asarray(held, dtype=np.float64)
        stored = [array.astype(np.float32) if single else array for array in (weight, bias)]
        sizes = [np.abs(array).astype(np.float64) for array in stored]
        lost = [np.abs(array - kept) for array, kept in zip((weight, bias), stored, strict=True)]
        none = np.zeros_like(bias)
        self._terms = _with_parameters(ordered, np.ones_like(weight), none)
        self._spread = _with_parameters(ordered, sizes[0], none)
        self._size = _with_parameters(ordered, *sizes)
        if any(array.any() for array in lost):
            self._lost = _with_parameters(ordered, *lost)

    def through(self, given: Signal) -> Signal:
        """The node's output, with the bound of its error."""
        value = over_time(self._value, given.value)
        if self._terms is None:
            return Signal(value, over_time(self._value, given.error))
        size = given.magnitude
        roundings = over_time(self._terms, (size > 0).double()) + 3
        error = gamma(roundings, self._roundoff) * over_time(self._size, size)
        error = error + 2 * roundings * TINY
        if given.error.any():
            error = error + over_time(self._spread, given.error)
        if self._lost is not None:
            error = error + over_time(self._lost, given.value.abs())
        return Signal(value, error)


def _with_parameters(ordered: OrderedNode, weight: FloatArray, bias: FloatArray) -> Operation:
    node = copy.copy(ordered.node)
    node.weight, node.bias = weight, bias
    return linear_operation(replace(ordered, node=node))


def _as_sum(ordered: OrderedNode) -> OrderedNode:
    pool = ordered.node
    return replace(ordered, node=nir.SumPool2d(pool.kernel_size, pool.stride, pool.padding))
