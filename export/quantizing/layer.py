"""One quantised layer: population, projection and a report, out of a segment and its integers."""

from dataclasses import dataclass

import numpy as np

from export.chip.graph import (
    ConvProjection,
    DenseProjection,
    IntArray,
    Population,
    Projection,
)
from export.chip.limits import DECAY_ONE
from export.quantizing.compose import FloatConv, FloatDense
from export.quantizing.payload_quantization import PayloadQuantization
from export.quantizing.quantized_weights import QuantizedWeights
from export.quantizing.scale import no_threshold
from export.quantizing.segments import Segment
from export.quantizing.uniform_neuron import UniformNeuron


@dataclass(frozen=True)
class LayerQuantization:
    """What quantising did to one population.

    Args:
        name: population.
        scale: integer per unit of float.
        threshold: mantissa.
        weight_max: largest |weight| in the file.
        clipped_weights: weights whose value lay beyond the range and became its end; pooling that
            folds into a projection repeats them.
        sqnr_db: signal-to-quantisation-noise ratio of its weights, dB, of the projection where it
            is worst; None on the host.
        payload: of a population that graded inputs feed.
        projections: how many feed it.
        identity_error: relative error of the weight of spikes that arrive without weights of
            their own (an identity shortcut), once it is on the grid; None without such.
        silenced: neurons that nobody reads, kept from firing so that pooling folds.
        weight_bits: of a weight; None on the host.
        weight_steps: distance between neighbouring weights, per projection; see
            `export.quantizing.weight_grid`.
        spike_disagreement: spikes that only one of float and rounded layer fired on calibration
            data, as a share of those that either fired, each layer fed by its own network; None
            of a population that doesn't fire.
    """

    name: str
    scale: float
    threshold: int
    weight_max: int
    clipped_weights: int
    sqnr_db: float | None
    payload: PayloadQuantization | None = None
    projections: int = 1
    identity_error: float | None = None
    silenced: int = 0
    weight_bits: int | None = None
    weight_steps: tuple[int, ...] = ()
    spike_disagreement: float | None = None


def layer_population(
    segment: Segment, neuron: UniformNeuron, scale: float, bias: IntArray
) -> Population:
    """Neurons with the float network's decay and a threshold of round(threshold * scale).

    Raises:
        LimitExceeded: the threshold of a step would round to 0.
    """
    return Population(
        name=segment.target,
        shape=segment.shape,
        decay_u=np.array(DECAY_ONE),
        decay_v=np.array(DECAY_ONE - round(neuron.decay * DECAY_ONE)),
        threshold=np.array(round(neuron.threshold * scale)),
        bias=bias,
        schedule=_schedule(segment, neuron, scale),
    )


def _schedule(segment: Segment, neuron: UniformNeuron, scale: float) -> IntArray | None:
    if neuron.steps is None:
        return None
    mantissas = np.rint(np.array(neuron.steps) * scale).astype(np.int64)
    if mantissas.min() < 1:
        raise no_threshold(segment.target, min(neuron.steps) * scale)
    return mantissas


def layer_bias(segment: Segment, integers: QuantizedWeights) -> IntArray:
    """Bias mantissas, broadcastable to the population's shape."""
    if len(segment.shape) == 1:
        return integers.bias
    if len(integers.bias) == segment.shape[0]:
        return integers.bias.reshape(-1, 1, 1)
    return integers.bias.reshape(segment.shape)


def layer_projection(
    segment: Segment, weights: FloatConv | FloatDense, integers: QuantizedWeights
) -> Projection:
    """The projection of a segment with one source, with these integers.

    Raises:
        UnsupportedLayer: it has several sources.
    """
    return projection(segment.source, segment.target, weights, integers)


def projection(
    source: str, target: str, weights: FloatConv | FloatDense, integers: QuantizedWeights
) -> Projection:
    """A projection of the float weights' form with these integers."""
    if isinstance(weights, FloatDense):
        return DenseProjection(source, target, integers.weight)
    return ConvProjection(
        source,
        target,
        integers.weight,
        stride=weights.stride,
        padding=weights.padding,
        dilation=weights.dilation,
        groups=weights.groups,
    )


def layer_report(
    segment: Segment,
    integers: QuantizedWeights | tuple[QuantizedWeights, ...],
    threshold: int,
) -> LayerQuantization:
    """What rounding did to the weights of all projections onto the segment's population."""
    parts = integers if isinstance(integers, tuple) else (integers,)
    return LayerQuantization(
        name=segment.target,
        scale=parts[0].scale,
        threshold=threshold,
        weight_max=max(int(np.abs(part.weight).max()) for part in parts),
        clipped_weights=sum(part.clipped for part in parts),
        sqnr_db=min(part.sqnr_db for part in parts),
        projections=len(parts),
        weight_bits=parts[0].grid.bits,
        weight_steps=tuple(part.grid.step for part in parts),
    )
