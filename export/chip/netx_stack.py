"""Netx's layers in file order, stacked into populations and projections as netx connects them."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from export.chip.graph import Population, Projection
from export.chip.hdf5_guard import GuardedGroup
from export.chip.netx_layers import read_conv, read_dense
from export.chip.netx_neuron import read_neurons
from export.chip.netx_notes import Notes
from export.chip.netx_shape import read_shape
from export.errors import InvalidGraph, UnsupportedLayer

UNREAD = ("pool", "average", "concat", "unpool", "convT", "dense_comp")
"""Layer types that netx knows and fails on; it passes over any other."""


@dataclass
class Stack:
    """What has been read so far, and where the next layer's spikes come from.

    Args:
        notes: what Lava makes of the file beside what it says.
        payloads: the external input sends integers, not binary spikes.
    """

    notes: Notes
    payloads: bool = False
    input_name: str = "input"
    input_shape: tuple[int, ...] | None = None
    populations: list[Population] = field(default_factory=list)
    projections: list[Projection] = field(default_factory=list)
    flattened: bool = False

    @property
    def source(self) -> str:
        """What the next layer receives from."""
        return self.populations[-1].name if self.populations else self.input_name

    @property
    def source_is_flat(self) -> bool:
        """Whether the next layer receives from a population of shape (N,)."""
        return bool(self.populations) and len(self.populations[-1].shape) == 1

    @property
    def starts_with_neurons(self) -> bool:
        """Whether the input layer has neurons, which the host drives by biases."""
        return bool(self.populations) and self.populations[0].name == self.input_name

    def read(self, layer: GuardedGroup, name: str) -> None:
        """Puts the next layer of the file on top.

        Args:
            layer: its open group.
            name: of its population, if it has neurons.

        Raises:
            UnsupportedLayer: a layer or neuron is of a kind the emulator doesn't have.
            LimitExceeded: a value is one that Lava fails on.
            InvalidGraph: shapes contradict each other.
            FileError: a dataset is missing or damaged.
        """
        kind = layer.text("type")
        if kind not in READERS:
            does = "fails on it" if kind in UNREAD else "would leave it out"
            raise UnsupportedLayer(
                f"{layer.where}: type {kind[:40]!a} isn't supported, and Lava {does}. Known: "
                f"{', '.join(READERS)}. Read only the layers before it (num_layers)."
            )
        READERS[kind](self, layer, name)

    def append(self, population: Population, *projections: Projection) -> None:
        """Adds a population with what projects onto it."""
        self.populations.append(population)
        self.projections.extend(projections)
        self.flattened = False


def _read_input(stack: Stack, layer: GuardedGroup, name: str) -> None:
    if stack.input_shape is not None or stack.populations or stack.flattened:
        raise UnsupportedLayer(f"{layer.where}: an input layer must be the first. Split the file.")
    stack.input_shape = read_shape(layer)
    if "neuron" in layer.names():
        stack.input_name = name
        stack.append(read_neurons(layer, name, stack.input_shape, stack.notes))


def _read_flatten(stack: Stack, layer: GuardedGroup, name: str) -> None:
    del name
    if stack.source_is_flat:
        raise InvalidGraph(
            f"{layer.where}: flatten follows a flat layer, and Lava can't build that. Remove it."
        )
    stack.flattened = True


def _read_conv(stack: Stack, layer: GuardedGroup, name: str) -> None:
    if stack.input_shape is None or stack.flattened:
        raise InvalidGraph(
            f"{layer.where}: a convolution needs a (C, H, W) layer before it. Add an input layer."
        )
    projection = read_conv(layer, stack.source, name, stack.notes)
    stack.append(read_neurons(layer, name, read_shape(layer), stack.notes), projection)


def _read_dense(stack: Stack, layer: GuardedGroup, name: str) -> None:
    if stack.populations and not stack.source_is_flat and not stack.flattened:
        raise InvalidGraph(
            f"{layer.where}: dense follows a (C, H, W) layer, and Lava can't join them. "
            "Put a flatten layer between."
        )
    neurons = math.prod(read_shape(layer))
    binary = bool(stack.populations) or not stack.payloads
    projections = read_dense(layer, stack.source, name, neurons, stack.notes, binary=binary)
    if stack.input_shape is None:
        stack.input_shape = projections[0].weight.shape[1:]
    stack.append(read_neurons(layer, name, (neurons,), stack.notes), *projections)


READERS: dict[str, Callable[[Stack, GuardedGroup, str], None]] = {
    "input": _read_input,
    "conv": _read_conv,
    "dense": _read_dense,
    "dense_rec": _read_dense,
    "flatten": _read_flatten,
}
