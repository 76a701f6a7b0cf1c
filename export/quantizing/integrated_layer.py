"""A layer that the chip computes from spikes: a hidden population, or the readout.

All projections onto it share one scale with its bias and threshold, so their ratios survive.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from export.chip.graph import IntArray, Population, Projection
from export.chip.limits import DECAY_ONE, THRESHOLD_MANT_MAX
from export.quantizing.afferents import Afferent, afferents, fixed_weight
from export.quantizing.currents import FloatArray, constant_current
from export.quantizing.layer import LayerQuantization, layer_population, layer_report, projection
from export.quantizing.live_region import silenced
from export.quantizing.scale import (
    QuantizedWeights,
    hidden_scale,
    quantized,
    readout_scale,
    rounded_identity,
)
from export.quantizing.segments import Segment
from export.quantizing.uniform_neuron import uniform_neuron
from export.window import Pair


@dataclass(frozen=True)
class IntegratedLayer:
    """One population with everything that feeds it.

    Args:
        population: its neurons.
        projections: onto it.
        report: what rounding did.
    """

    population: Population
    projections: tuple[Projection, ...]
    report: LayerQuantization


def hidden_layer(
    segment: Segment, largest_membrane: float, live: Mapping[str, Pair]
) -> IntegratedLayer:
    """A hidden population at the largest scale that fits.

    Args:
        segment: with a neuron at its end.
        largest_membrane: largest |u| on calibration data, at unit gain.
        live: see `export.quantizing.live_region`.

    Raises:
        UnsupportedLayer: its neurons don't fit the chip's model.
        LimitExceeded: no scale lets its values fit the chip's ranges.
    """
    neuron, given = uniform_neuron(segment), afferents(segment, live)
    bias, identity = constant_current(segment), fixed_weight(given)
    scale = hidden_scale(
        segment.target,
        tuple(afferent.weights.weight for afferent in given),
        bias,
        neuron.threshold,
        largest_membrane,
        identity,
    )
    population = layer_population(segment, neuron, scale, _mantissas(bias, scale))
    layer = _layer(segment, population, given, scale)
    if identity is not None:
        error = rounded_identity(identity, scale)
        layer = replace(layer, report=replace(layer.report, identity_error=error))
    return without_unread(layer, live)


def readout_layer(segment: Segment, time_steps: int, live: Mapping[str, Pair]) -> IntegratedLayer:
    """A population that neither leaks nor fires, at a scale at which it can't saturate.

    Args:
        segment: the last one.
        time_steps: T.
        live: see `export.quantizing.live_region`.

    Raises:
        LimitExceeded: no scale lets its values fit the chip's ranges.
    """
    given, bias = afferents(segment, live), constant_current(segment)
    weights = tuple(_by_output(afferent, bias.shape) for afferent in given)
    scale = readout_scale(segment.target, weights, bias.reshape(-1), time_steps)
    population = Population(
        name=segment.target,
        shape=segment.shape,
        decay_u=np.array(DECAY_ONE),
        decay_v=np.array(0),
        threshold=np.array(THRESHOLD_MANT_MAX),
        bias=_mantissas(bias, scale),
    )
    return _layer(segment, population, given, scale)


def without_unread(layer: IntegratedLayer, live: Mapping[str, Pair]) -> IntegratedLayer:
    """The layer with the neurons silenced that nobody reads, if `live` says so."""
    region = live.get(layer.population.name)
    if region is None:
        return layer
    rows, columns = region
    unread = layer.population.neurons - layer.population.shape[0] * rows * columns
    return replace(
        layer,
        population=silenced(layer.population, region),
        report=replace(layer.report, silenced=unread),
    )


def _layer(
    segment: Segment, population: Population, given: tuple[Afferent, ...], scale: float
) -> IntegratedLayer:
    integers = tuple(_quantized(afferent, scale) for afferent in given)
    return IntegratedLayer(
        population,
        tuple(
            projection(afferent.source, segment.target, afferent.weights, part)
            for afferent, part in zip(given, integers, strict=True)
        ),
        layer_report(segment, integers, int(population.threshold)),
    )


def _quantized(afferent: Afferent, scale: float) -> QuantizedWeights:
    return quantized(afferent.weights.weight, afferent.weights.bias, scale)


def _by_output(afferent: Afferent, shape: tuple[int, ...]) -> FloatArray:
    """Weights with one row per neuron of the population, for a convolution its kernel each."""
    weight = afferent.weights.weight
    neurons = int(np.prod(shape))
    if len(weight) == neurons:
        return weight.reshape(neurons, -1)
    return np.repeat(weight.reshape(len(weight), -1), neurons // len(weight), axis=0)


def _mantissas(bias: FloatArray, scale: float) -> IntArray:
    """Bias mantissas, one per channel where its neurons agree."""
    mantissas = np.rint(bias * scale).astype(np.int64)
    if mantissas.ndim == 3 and (mantissas == mantissas[:, :1, :1]).all():
        return mantissas[:, :1, :1]
    return mantissas
