"""Synaptic sums and operations of a whole batch over all steps at once.

Lava wraps the sums of a convolution to signed 24 bits, those of a dense layer to 32.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from export.chip.check_graph import label
from export.chip.fanout import fan_out
from export.chip.graph import (
    ChipGraph,
    ConvProjection,
    DenseProjection,
    IntArray,
    Projection,
)
from export.chip.limits import STATE_LIMIT
from hwsim.engine.exact_product import largest_sum, refuse_overflow
from hwsim.engine.layout import channels_last, ordered
from hwsim.engine.products.choice import Products, conv_products, matrix_products
from hwsim.engine.products.geometry import conv_geometry
from hwsim.engine.products.matrix import MatrixProduct
from hwsim.engine.products.patches import PatchProduct
from hwsim.engine.products.proof import Subject, prove
from hwsim.engine.synop_count import count_events, count_synops

Payload = tuple[int, int]
"""Smallest and largest payload that a source sends."""

BINARY: Payload = (0, 1)


@dataclass(frozen=True)
class Synapses:
    """Synapses of one projection that share a delay.

    Args:
        delay: steps beyond the one every synapse takes.
        products: ways to compute the sums.
        subject: what is proven of them.
        reach: int64 [sources], stored synapses per source neuron.
        narrow: sums may leave 24 bits, where Lava's convolution wraps.
    """

    delay: int
    products: Products
    subject: Subject
    reach: Tensor
    narrow: bool = False

    def sums(self, events: Tensor) -> Tensor:
        """Synaptic sums a, float32 or int32 [M, targets], of M steps' events [M, sources].

        Those of `narrow` synapses aren't wrapped yet.
        """
        fired = int(count_events(events).sum())
        return self.products.best(fired, len(events))(events)

    def operations(self, events: Tensor) -> Tensor:
        """Synaptic operations, int64 [M]: synapses that the events of each step reach."""
        return count_synops(events, self.reach)

    def prove(self, events: Tensor) -> None:
        """Holds the products to 64-bit integers on these events and on extreme ones.

        Raises:
            SimulationError: one of them isn't exact here.
        """
        prove(self.subject, self.products, events)


def synapses_of(
    graph: ChipGraph, projection: Projection, payload: Payload, device: str
) -> tuple[Synapses, ...]:
    """A projection ready to run, one entry per delay.

    Args:
        graph: where it lies.
        projection: its integers.
        payload: smallest and largest payload its source sends; (0, 1) for binary spikes.
        device: where the products run.

    Raises:
        SimulationError: a sum could leave what float64 counts exactly.
    """
    if isinstance(projection, ConvProjection):
        return (_conv_synapses(graph, projection, payload, device),)
    delay = projection.delay
    if delay is None:
        return (_dense_synapses(graph, projection, None, payload, device),)
    return tuple(
        _dense_synapses(graph, projection, int(steps), payload, device)
        for steps in np.unique(delay)
    )


def _dense_synapses(
    graph: ChipGraph, projection: DenseProjection, delay: int | None, payload: Payload, device: str
) -> Synapses:
    where = f"chip graph, {label(projection)}"
    source = graph.source_shape(projection.source)
    target = graph.population(projection.target).shape
    weight, reach = projection.weight, fan_out(graph, projection)
    if delay is not None and projection.delay is not None:
        chosen = projection.delay == delay
        weight = np.where(chosen, weight, 0)
        reach = np.count_nonzero(chosen, axis=0).astype(np.int64)
    bound = largest_sum(weight, payload)
    refuse_overflow(bound, where)

    def reference(weights: IntArray) -> MatrixProduct:
        return MatrixProduct.of(ordered(weights, source, target), torch.int64, "cpu")

    subject = Subject(where, ("dense", source, target), weight, payload, reference)
    return Synapses(
        delay or 0,
        matrix_products(weight, source, target, bound, payload, device),
        subject,
        _reach(reach, source, device),
    )


def _conv_synapses(
    graph: ChipGraph, projection: ConvProjection, payload: Payload, device: str
) -> Synapses:
    where = f"chip graph, {label(projection)}"
    source = graph.source_shape(projection.source)
    geometry = conv_geometry(projection, source, graph.population(projection.target).shape)
    bound = largest_sum(projection.weight, payload)
    refuse_overflow(bound, where)

    def reference(weights: IntArray) -> PatchProduct:
        return PatchProduct.of(geometry, weights, torch.int64, "cpu")

    subject = Subject(where, geometry, projection.weight, payload, reference)
    return Synapses(
        projection.delay,
        conv_products(geometry, projection.weight, bound, payload, device),
        subject,
        _reach(fan_out(graph, projection), source, device),
        narrow=bound >= STATE_LIMIT,
    )


def _reach(reach: IntArray, source: tuple[int, ...], device: str) -> Tensor:
    ordered = channels_last(reach.reshape(source), source)
    return torch.from_numpy(np.ascontiguousarray(ordered)).to(device)
