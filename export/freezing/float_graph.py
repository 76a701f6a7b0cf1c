"""The network between torch and NIR: layers with float64 weights, in topological order.

It exists only inside freezing; `to_nir` writes it down as an unfolded NIR graph.
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
    """Average pooling, padding counted."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]


@dataclass(frozen=True)
class Flatten:
    """C, H, W order."""


@dataclass(frozen=True)
class Neuron:
    """LIF with hard reset: decay factor and threshold at unit input gain.

    With `decay_input` the current is scaled by 1 - decay, and the layer's own threshold is
    (1 - decay) times that at unit gain. `recurrent` [N, N] are weights from the layer's spikes of
    the step before to its own current; None without any.
    """

    decay: float
    threshold: float
    decay_input: bool = False
    recurrent: FloatArray | None = None


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
