"""Chip graphs with random integers, grown layer by layer: one of every kind netx can hold."""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from export.chip.check_graph import conv_output_shape
from export.chip.graph import (
    ChipGraph,
    ChipInput,
    ConvProjection,
    DenseProjection,
    InputForm,
    IntArray,
    Population,
    Projection,
    Readout,
)
from export.chip.limits import THRESHOLD_MANT_MAX


def integers(values: ArrayLike) -> IntArray:
    """Anything as int64."""
    return np.asarray(values, dtype=np.int64)


@dataclass
class Chain:
    """A network in the making; every layer feeds the next.

    Args:
        seed: of all weights.
        form: how the input enters.
        shape: of the input.
    """

    seed: int
    form: InputForm
    shape: tuple[int, ...]
    populations: list[Population] = field(default_factory=list)
    projections: list[Projection] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.here = "input"

    def neurons(
        self,
        shape: tuple[int, ...],
        *,
        threshold: ArrayLike,
        decay_u: ArrayLike = 4096,
        decay_v: ArrayLike = 400,
        bias: ArrayLike = 0,
        name: str | None = None,
    ) -> Self:
        """A population that the next layer grows from."""
        self.here = name or f"p{len(self.populations)}"
        fields = (decay_u, decay_v, threshold, bias)
        self.populations.append(Population(self.here, shape, *(integers(f) for f in fields)))
        return self

    def biased_input(self, *, threshold: ArrayLike, decay_v: ArrayLike = 400) -> Self:
        """The population that takes the host's biases."""
        return self.neurons(self.shape, threshold=threshold, decay_v=decay_v, name="input")

    def conv(
        self,
        channels: int,
        kernel: tuple[int, int],
        *,
        threshold: ArrayLike,
        weights: tuple[int, int] = (-40, 60),
        stride: tuple[int, int] = (1, 1),
        padding: tuple[int, int] = (0, 0),
        dilation: tuple[int, int] = (1, 1),
        groups: int = 1,
        decay_u: ArrayLike = 4096,
        decay_v: ArrayLike = 400,
        bias: ArrayLike = 0,
    ) -> Self:
        """A convolution with weights drawn from [low, high)."""
        source, shape = self.here, self._shape_here()
        weight = integers(self.rng.integers(*weights, (channels, shape[0] // groups, *kernel)))
        target = f"p{len(self.populations)}"
        projection = ConvProjection(
            source, target, weight, stride=stride, padding=padding, dilation=dilation, groups=groups
        )
        self.projections.append(projection)
        return self.neurons(
            conv_output_shape(projection, shape),
            threshold=threshold, decay_u=decay_u, decay_v=decay_v, bias=bias, name=target,
        )  # fmt: skip

    def dense(
        self,
        neurons: int,
        *,
        threshold: ArrayLike,
        weights: tuple[int, int] = (-40, 60),
        delay: ArrayLike | None = None,
        feedback: tuple[int, int] | None = None,
        decay_u: ArrayLike = 4096,
        decay_v: ArrayLike = 400,
        bias: ArrayLike = 0,
    ) -> Self:
        """All-to-all synapses with weights drawn from [low, high), onto itself too if asked."""
        source, sources = self.here, int(np.prod(self._shape_here()))
        target = f"p{len(self.populations)}"
        weight = integers(self.rng.integers(*weights, (neurons, sources)))
        steps = None if delay is None else integers(np.broadcast_to(delay, weight.shape))
        self.projections.append(DenseProjection(source, target, weight, steps))
        if feedback is not None:
            back = integers(self.rng.integers(*feedback, (neurons, neurons)))
            self.projections.append(DenseProjection(target, target, back))
        return self.neurons(
            (neurons,),
            threshold=threshold, decay_u=decay_u, decay_v=decay_v, bias=bias, name=target,
        )  # fmt: skip

    def readout(self, classes: int, *, weights: tuple[int, int] = (-60, 61)) -> Self:
        """A population that neither leaks nor fires."""
        return self.dense(classes, threshold=THRESHOLD_MANT_MAX, weights=weights, decay_v=0)

    def graph(self, time_steps: int | None = None) -> ChipGraph:
        """The network; its last population is the readout if it can't fire."""
        last = self.populations[-1]
        silent = bool((last.threshold == THRESHOLD_MANT_MAX).all())
        return ChipGraph(
            ChipInput("input", self.form, self.shape),
            tuple(self.populations),
            tuple(self.projections),
            time_steps=time_steps,
            readouts=(Readout(last.name, 1.0),) if silent else (),
        )

    def _shape_here(self) -> tuple[int, ...]:
        shapes = {population.name: population.shape for population in self.populations}
        return shapes.get(self.here, self.shape)
