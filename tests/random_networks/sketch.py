"""A network in the making: populations without thresholds yet, and projections between them."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

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
from hwsim.engine.drive import ResetRule
from tests.random_chip_graphs import integers
from tests.random_networks import draws
from tests.random_networks.draws import Geometry


@dataclass
class Sketch:
    """What a recipe builds.

    Args:
        rng: of everything in it.
        form: how the input enters.
        shape: of the input.
        reset: what keeps samples apart.
        steps: T of a window, or chip steps of a single run.
        inputs: as the emulator takes them.
        profile: per population, each neuron's threshold relative to the one that is tuned.
    """

    rng: Generator
    form: InputForm
    shape: tuple[int, ...]
    reset: ResetRule
    steps: int
    inputs: IntArray
    populations: list[Population] = field(default_factory=list)
    projections: list[Projection] = field(default_factory=list)
    readouts: list[str] = field(default_factory=list)
    profile: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    def neurons(
        self,
        shape: tuple[int, ...],
        *,
        name: str | None = None,
        spread: bool = False,
        biases: int = 0,
        **fixed: int,
    ) -> str:
        """A population; its threshold is tuned later.

        Args:
            shape: of the population.
            name: by default the next number.
            spread: every neuron has its own decays, bias and relative threshold.
            biases: largest hidden bias, 0 for none.
            fixed: `decay_u` or `decay_v`, drawn if not given.
        """
        name = name or f"p{len(self.populations)}"
        decays = {
            key: integers(fixed[key])
            if key in fixed
            else draws.decay(self.rng, shape, spread=spread)
            for key in ("decay_u", "decay_v")
        }
        bias = draws.bias(self.rng, shape, biases, spread=spread) if biases else integers(0)
        self.profile[name] = self.rng.uniform(0.5, 2.0, shape if spread else ())
        self.populations.append(Population(name, shape, **decays, threshold=integers(1), bias=bias))
        return name

    def dense(
        self, source: str, targets: int, *, kind: str = "odd", delay: str | None = None, **more: Any
    ) -> str:
        """A new population of `targets` neurons, all-to-all from `source`; its name."""
        name = self.neurons((targets,), **more)
        self.join(source, name, kind=kind, delay=delay)
        return name

    def conv(
        self,
        source: str,
        channels: int,
        *,
        kind: str = "odd",
        rich: bool = True,
        geometry: Geometry | None = None,
        delay: int = 0,
        **more: Any,
    ) -> str:
        """A new population of maps, convolved from `source`; its name."""
        name = f"p{len(self.populations)}"
        projection = self.kernel(source, name, channels, kind, rich, geometry, delay)
        shape = conv_output_shape(projection, self.shape_of(source))
        self.projections.append(projection)
        return self.neurons(shape, name=name, **more)

    def kernel(
        self,
        source: str,
        target: str,
        channels: int,
        kind: str = "odd",
        rich: bool = False,
        geometry: Geometry | None = None,
        delay: int = 0,
    ) -> ConvProjection:
        """A convolution with random weights, not yet part of the network."""
        shape = self.shape_of(source)
        chosen = geometry or draws.geometry(self.rng, shape, rich=rich)
        outputs = -(-channels // chosen.groups) * chosen.groups
        weight = draws.weights(self.rng, (outputs, shape[0] // chosen.groups, *chosen.kernel), kind)
        return ConvProjection(source, target, weight, delay=delay, **chosen.fields())

    def join(
        self, source: str, target: str, *, kind: str = "odd", delay: str | int | None = None
    ) -> None:
        """All-to-all synapses between what is there; `delay` a kind of delays, or steps."""
        size = (int(np.prod(self.shape_of(target))), int(np.prod(self.shape_of(source))))
        steps = None
        if isinstance(delay, str):
            steps = draws.delays(self.rng, size, delay)
        elif delay:
            steps = np.full(size, delay, dtype=np.int64)
        weight = draws.weights(self.rng, size, kind)
        self.projections.append(DenseProjection(source, target, weight, steps))

    def readout(self, source: str, classes: int) -> str:
        """A population that neither leaks nor fires, read out."""
        name = self.dense(source, classes, kind="even", decay_u=4096, decay_v=0)
        self.readouts.append(name)
        return name

    def shape_of(self, name: str) -> tuple[int, ...]:
        """Shape of a population or of the input."""
        shapes = {population.name: population.shape for population in self.populations}
        return shapes.get(name, self.shape)

    def pick(self, *choices: Any) -> Any:
        """One of several."""
        return choices[int(self.rng.integers(len(choices)))]

    def chance(self, probability: float) -> bool:
        """True so often."""
        return bool(self.rng.random() < probability)

    def size(self, low: int, high: int) -> int:
        """A number from low to high."""
        return int(self.rng.integers(low, high + 1))

    def graph(self, thresholds: dict[str, IntArray]) -> ChipGraph:
        """The network with these thresholds; readouts never fire."""
        never = integers(THRESHOLD_MANT_MAX)
        populations = tuple(
            Population(
                p.name, p.shape, p.decay_u, p.decay_v,
                never if p.name in self.readouts else thresholds.get(p.name, p.threshold), p.bias,
            )
            for p in self.populations
        )  # fmt: skip
        return ChipGraph(
            ChipInput("input", self.form, self.shape),
            populations,
            tuple(self.projections),
            time_steps=self.steps if self.reset == "staggered" else None,
            readouts=tuple(Readout(name, 1.0) for name in self.readouts),
        )
