"""Chip graph: populations (integer neuron parameters) and projections (integer weights).

One neuron, one step, as Lava's fixed-point CUBA model computes it (`<<`, `>>` on integers):

    u[t] = rtz(u[t-1] * (4096 - decay_u)) + (a[t] << 6)       wraps at 24 bits
    v[t] = rtz(v[t-1] * (4096 - decay_v)) + u[t] + (bias << 6)  saturates at 24 bits
    s[t] = v[t] > threshold << 6 ;  v[t] = 0 where s[t]

with rtz(x) = sign(x) * (|x| >> 12), and a[t] the synaptic sum of the spikes of step t-1.

A population may have another threshold at each step of its window, as training may leave it. No
chip holds that: the emulator runs such a graph, and nothing else takes it.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from export.chip.limits import BIAS_MANT_MAX
from export.errors import InvalidGraph

IntArray = NDArray[np.int64]
InputForm = Literal["bias", "spikes", "graded"]


@dataclass(frozen=True)
class Population:
    """Neurons that share a shape and integer parameters.

    Args:
        name: unique in the graph.
        shape: (C, H, W) or (N,).
        decay_u: current decay in 4096ths, 0..4096; shape () or the population's.
        decay_v: voltage decay in 4096ths, 0..4096; shape () or the population's.
        threshold: threshold mantissa (17 bits), shape () or the population's.
        bias: bias mantissa, broadcastable to `shape`: (N,), (C, 1, 1) or ().
        schedule: threshold mantissas that take the place of `threshold` at step t of the
            population's own window, [T] or [T, *shape]; None for the constant, which alone has a
            chip equivalent.
    """

    name: str
    shape: tuple[int, ...]
    decay_u: IntArray
    decay_v: IntArray
    threshold: IntArray
    bias: IntArray
    schedule: IntArray | None = None

    @property
    def neurons(self) -> int:
        """How many neurons (compartments) the population has."""
        return int(np.prod(self.shape))

    def threshold_at(self, step: int) -> IntArray:
        """Threshold mantissa at a step of the window, from 0, shape () or the population's."""
        return self.threshold if self.schedule is None else np.asarray(self.schedule[step])


@dataclass(frozen=True)
class DenseProjection:
    """All-to-all synapses.

    Args:
        source: population or external input; its neurons are taken in C, H, W order.
        target: population that receives.
        weight: [targets, sources].
        delay: extra steps per synapse, [targets, sources], 0..62; None for no delay at all.
    """

    source: str
    target: str
    weight: IntArray
    delay: IntArray | None = None


@dataclass(frozen=True)
class ConvProjection:
    """Shared-weight synapses: a cross-correlation as torch.nn.Conv2d computes it.

    Args:
        source: population or external input of shape (I, H, W).
        target: population of shape (O, H', W').
        weight: [O, I / groups, kH, kW].
        stride: (rows, columns).
        padding: zeros on each side, (rows, columns).
        dilation: (rows, columns).
        groups: channel groups.
        delay: extra steps of every synapse, 0..62. Neither the chip's shared convolutions nor
            netx's know delays: a delayed one is stored as sparse synapses.
    """

    source: str
    target: str
    weight: IntArray
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1
    delay: int = 0


Projection = DenseProjection | ConvProjection


@dataclass(frozen=True)
class ChipInput:
    """Where the outside world enters.

    `bias`: the host writes one bias mantissa per neuron of population `name` for each sample.
    `spikes`: an external source called `name` sends binary spikes along its projections.
    `graded`: as `spikes`, with an integer payload.
    """

    name: str
    form: InputForm
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Readout:
    """How logits leave the chip: from a population that neither leaks nor fires.

    Its voltage v is the running sum of its currents, so v[t] - v[t-1] is the current of step t,
    with v = 0 before the first of the T steps of the sample's window:

        without weights   logits = volts_to_logit * v[T], read once, after the last step
        with weights w    logits = volts_to_logit * sum over t of w[t] * (v[t] - v[t-1]),
                          read after every step

    Args:
        population: its name.
        volts_to_logit: logits per state unit, 1/T included.
        weights: [T], one per step; None where all steps weigh the same.
    """

    population: str
    volts_to_logit: float
    weights: tuple[float, ...] | None = None


@dataclass(frozen=True)
class HostEncoder:
    """How the host turns a sample into the integers that it sends: round(value * scale), clipped.

    Form `bias`: the values are the first linear operation's currents, weight * x + bias, and
    `macs` counts its multiply-accumulates per sample. Form `graded`: the values are the sample's
    own and become payloads, without any multiply-accumulate.

    Args:
        macs: multiply-accumulates per sample.
        scale: integer per unit of float.
        lowest: smallest integer sent.
        highest: largest integer sent.
    """

    macs: int
    scale: float
    lowest: int = -BIAS_MANT_MAX
    highest: int = BIAS_MANT_MAX


@dataclass(frozen=True)
class ChipGraph:
    """A network in the chip's integers, ready to be written, emulated and costed.

    Args:
        input: the outside world.
        populations: in the order of the layers: between populations of a loop, a projection
            back to an earlier one (or the same) is feedback; see `export.chip.timing`.
        projections: any directed graph between them.
        time_steps: steps T that each population spends on one sample; None in a foreign file.
        readouts: where logits leave; empty in a foreign file: output spikes are all there is.
            The first one's logits decide the class.
        classes: class names, empty if unknown.
        host: what the host does to a sample, None when spikes enter directly.
    """

    input: ChipInput
    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]
    time_steps: int | None = None
    readouts: tuple[Readout, ...] = ()
    classes: tuple[str, ...] = ()
    host: HostEncoder | None = None

    @property
    def readout(self) -> Readout | None:
        """The readout whose logits decide the class; None where there is none."""
        return self.readouts[0] if self.readouts else None

    @property
    def scheduled(self) -> tuple[str, ...]:
        """Populations whose threshold changes from step to step, which no chip can hold."""
        return tuple(p.name for p in self.populations if p.schedule is not None)

    def population(self, name: str) -> Population:
        """The population of that name.

        Raises:
            InvalidGraph: there is none.
        """
        for population in self.populations:
            if population.name == name:
                return population
        known = ", ".join(population.name for population in self.populations)
        raise InvalidGraph(f"chip graph: no population '{name}'. Known: {known}.")

    def incoming(self, name: str) -> tuple[Projection, ...]:
        """Projections onto population `name`, in file order."""
        return tuple(p for p in self.projections if p.target == name)

    def outgoing(self, name: str) -> tuple[Projection, ...]:
        """Projections from population or input `name`, in file order."""
        return tuple(p for p in self.projections if p.source == name)

    def read_each_step(self, name: str) -> bool:
        """Whether the host reads the voltages of population `name` after every step.

        Where one readout weights its steps, the host reads all of them together.
        """
        weighted = any(readout.weights is not None for readout in self.readouts)
        return weighted and any(readout.population == name for readout in self.readouts)

    def source_shape(self, name: str) -> tuple[int, ...]:
        """Shape of a projection's source: a population's or the external input's."""
        if name == self.input.name and self.input.form != "bias":
            return self.input.shape
        return self.population(name).shape
