"""A layer that the chip computes from spikes: a hidden population, or the readout.

All projections onto it share one scale with its bias and threshold, so their ratios survive.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from export.chip.graph import IntArray, Population, Projection
from export.chip.limits import DECAY_ONE, THRESHOLD_MANT_MAX
from export.quantizing.afferents import Afferent, afferents, fixed_weights
from export.quantizing.currents import FloatArray, constant_current
from export.quantizing.layer import LayerQuantization, layer_population, layer_report, projection
from export.quantizing.live_region import silenced
from export.quantizing.quantized_weights import quantized, rounded_identity
from export.quantizing.room import HiddenRoom, ReadoutRoom
from export.quantizing.scale_rule import ScaleRule
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
    segment: Segment, largest_membrane: float, live: Mapping[str, Pair], rule: ScaleRule
) -> IntegratedLayer:
    """A hidden population at the scale that the rule finds.

    Args:
        segment: with a neuron at its end.
        largest_membrane: largest |u| on calibration data, at unit gain.
        live: see `export.quantizing.live_region`.
        rule: weight bits and how the scale is chosen.

    Raises:
        UnsupportedLayer: its neurons don't fit the chip's model.
        LimitExceeded: no scale lets its values fit the chip's ranges.
    """
    neuron, given = uniform_neuron(segment), afferents(segment, live)
    bias, fixed = constant_current(segment), fixed_weights(given)

    def at(scale: float) -> IntegratedLayer:
        population = layer_population(segment, neuron, scale, _mantissas(bias, scale))
        return without_unread(_layer(segment, population, given, scale, rule.bits), live)

    scale = rule.scale(
        HiddenRoom(
            name=segment.target,
            weights=tuple(afferent.weights.weight for afferent in given),
            bias=bias,
            bits=rule.bits,
            difference=rule.difference(at),
            threshold=neuron.highest_threshold,
            largest_membrane=largest_membrane,
            fixed=fixed,
        )
    )
    layer = at(scale)
    if fixed is not None:
        error = rounded_identity(fixed[0], scale, rule.bits)
        layer = replace(layer, report=replace(layer.report, identity_error=error))
    return layer


def readout_layer(
    segment: Segment, time_steps: int, live: Mapping[str, Pair], rule: ScaleRule
) -> IntegratedLayer:
    """A population that neither leaks nor fires, at a scale at which it can't saturate.

    Args:
        segment: the last one.
        time_steps: T.
        live: see `export.quantizing.live_region`.
        rule: weight bits and how the scale is chosen.

    Raises:
        LimitExceeded: no scale lets its values fit the chip's ranges.
    """
    given, bias = afferents(segment, live), constant_current(segment)

    def at(scale: float) -> IntegratedLayer:
        population = Population(
            name=segment.target,
            shape=segment.shape,
            decay_u=np.array(DECAY_ONE),
            decay_v=np.array(0),
            threshold=np.array(THRESHOLD_MANT_MAX),
            bias=_mantissas(bias, scale),
        )
        return _layer(segment, population, given, scale, rule.bits)

    room = ReadoutRoom(
        name=segment.target,
        weights=tuple(_by_output(afferent, bias.shape) for afferent in given),
        bias=bias.reshape(-1),
        bits=rule.bits,
        difference=rule.difference(at),
        time_steps=time_steps,
    )
    return at(rule.scale(room))


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
    segment: Segment,
    population: Population,
    given: tuple[Afferent, ...],
    scale: float,
    bits: int,
) -> IntegratedLayer:
    integers = tuple(
        quantized(afferent.weights.weight, afferent.weights.bias, scale, bits) for afferent in given
    )
    return IntegratedLayer(
        population,
        tuple(
            projection(afferent.source, segment.target, afferent.weights, part)
            for afferent, part in zip(given, integers, strict=True)
        ),
        layer_report(segment, integers, int(population.threshold)),
    )


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
