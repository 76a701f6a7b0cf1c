"""The network between torch and NIR: layers with float64 weights, in topological order.

It exists only inside freezing. Average pooling, batch norm and per-step thresholds are still
visible here; folding (export.freezing.fold) removes what NIR and the chip have no word for.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.errors import InvalidGraph

FloatArray = NDArray[np.float64]

AGAIN = " (call "
"""A layer that the forward calls again is named `path (call 2)`."""


@dataclass(frozen=True)
class Source:
    """The network's input."""


@dataclass(frozen=True)
class Conv:
    """2-D convolution; weight [O, I / groups, kH, kW], bias [O]."""

    weight: FloatArray
    bias: FloatArray
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    groups: int


@dataclass(frozen=True)
class Dense:
    """Fully connected; weight [out, in], bias [out]."""

    weight: FloatArray
    bias: FloatArray


@dataclass(frozen=True)
class Norm:
    """Batch norm in evaluation: y = gain * x + shift, per channel."""

    gain: FloatArray
    shift: FloatArray


@dataclass(frozen=True)
class Pool:
    """Average pooling until folded; `summed` once its division has moved into weights."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    summed: bool = False


@dataclass(frozen=True)
class Flatten:
    """C, H, W order."""


@dataclass(frozen=True)
class Neuron:
    """LIF with hard reset: decay factor and constant threshold."""

    decay: float
    threshold: float


@dataclass(frozen=True)
class Sum:
    """Adds its inputs (a residual connection)."""


@dataclass(frozen=True)
class Sink:
    """The network's output: the last linear layer's current."""


Operation = Source | Conv | Dense | Norm | Pool | Flatten | Neuron | Sum | Sink


@dataclass(frozen=True)
class Layer:
    """One operation of the network.

    Args:
        name: the module's path in the torch network, or the call's name and () for functions.
        operation: what it computes.
        inputs: names of the layers it reads.
        shape: of its output for one sample and step.
    """

    name: str
    operation: Operation
    inputs: tuple[str, ...]
    shape: tuple[int, ...]

    @property
    def module(self) -> str | None:
        """Path of the torch module it came from; None for a function."""
        return None if self.name.endswith("()") else self.name.partition(AGAIN)[0]


@dataclass(frozen=True)
class FloatGraph:
    """Layers in topological order."""

    layers: tuple[Layer, ...]

    def layer(self, name: str) -> Layer:
        """The layer of that name; InvalidGraph if there is none."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise InvalidGraph(f"network: no layer '{name}'.")

    def consumers(self, name: str) -> tuple[Layer, ...]:
        """Layers that read `name`."""
        return tuple(layer for layer in self.layers if name in layer.inputs)

    def replaced(self, changed: dict[str, Operation]) -> "FloatGraph":
        """The same graph with some operations exchanged."""
        return FloatGraph(
            tuple(
                Layer(layer.name, changed[layer.name], layer.inputs, layer.shape)
                if layer.name in changed
                else layer
                for layer in self.layers
            )
        )

    def without(self, name: str) -> "FloatGraph":
        """The same graph with a one-input layer taken out, its consumers reading its input."""
        (before,) = self.layer(name).inputs
        return FloatGraph(
            tuple(
                Layer(
                    layer.name,
                    layer.operation,
                    tuple(before if source == name else source for source in layer.inputs),
                    layer.shape,
                )
                for layer in self.layers
                if layer.name != name
            )
        )
