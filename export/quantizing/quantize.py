"""Quantising: a frozen network becomes integer populations and projections for the chip."""

from dataclasses import dataclass
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from export.chip.check_graph import check_graph
from export.chip.graph import (
    ChipGraph,
    ChipInput,
    ConvProjection,
    DenseProjection,
    HostEncoder,
    IntArray,
    Population,
    Projection,
    Readout,
)
from export.chip.limits import (
    DECAY_ONE,
    STATE_SHIFT,
    THRESHOLD_MANT_MAX,
    WEIGHT_MAX,
    WEIGHT_MIN,
)
from export.executor import run_graph
from export.executor.samples import check_samples
from export.graph_order import in_order
from export.nir_metadata import FrozenFacts, read_facts
from export.quantizing.compose import FloatConv, FloatDense, compose
from export.quantizing.host import host_currents, host_macs
from export.quantizing.scale import (
    QuantizedWeights,
    hidden_scale,
    input_scale,
    quantized,
    readout_scale,
)
from export.quantizing.segments import Segment, segments
from export.quantizing.uniform_neuron import UniformNeuron, uniform_neuron
from trainers.data.splits import Inputs

CALIBRATION_SAMPLES = 256
CALIBRATION_BATCH = 32
"""Membranes of every neuron at every step are kept for one batch at a time."""


@dataclass(frozen=True)
class LayerQuantization:
    """What quantising did to one population.

    Args:
        name: population.
        scale: integer per unit of float.
        threshold: mantissa.
        weight_max: largest |weight| in the file.
        clipped_weights: weights at an end of the range, -256 or 254.
        sqnr_db: signal-to-quantisation-noise ratio of its weights, dB; None on the host.
    """

    name: str
    scale: float
    threshold: int
    weight_max: int
    clipped_weights: int
    sqnr_db: float | None


def quantize(graph: nir.NIRGraph, calibration: NDArray[Any] | Inputs) -> ChipGraph:
    """The chip graph of a frozen network; see `quantize_layers` for what rounding did.

    Example:
        `chip = quantize(freeze(network, sample), data.validation.inputs)`
    """
    return quantize_layers(graph, calibration)[0]


def quantize_layers(
    graph: nir.NIRGraph, calibration: NDArray[Any] | Inputs
) -> tuple[ChipGraph, tuple[LayerQuantization, ...]]:
    """The chip graph of a frozen network, and a report per population.

    The host computes the first linear operation and writes its currents as biases of the first
    population; pooling folds into the projection behind it; the last linear layer becomes a
    readout population that neither leaks nor fires. Weights per step stay with the host, which
    then reads that population after every step.

    Args:
        graph: frozen network with its facts.
        calibration: inputs as the network takes them, in memory or lazy, never the test split; the
            first 256 set the scales.

    Raises:
        UnsupportedLayer: the network isn't a chain, or its neurons don't fit the chip's model.
        LimitExceeded: no scale lets a layer's values fit the chip's ranges.
        InvalidGraph: readout weights for another number of steps.
        DataError: calibration inputs of the wrong shape, or with NaN or infinity.
    """
    facts = read_facts(graph)
    parts = segments(graph, facts)
    samples = calibration[:CALIBRATION_SAMPLES]
    check_samples(samples, in_order(graph), facts, facts.time_steps)
    membranes = _largest_membranes(graph, samples, parts)
    first, *hidden, last = parts
    host, report = _input_population(first, facts, samples)
    populations, projections, reports = [host], list[Projection](), [report]
    for segment in hidden:
        population, projection, report = _hidden(segment, membranes[segment.target])
        populations.append(population)
        projections.append(projection)
        reports.append(report)
    population, projection, report = _readout(last, facts)
    populations.append(population)
    projections.append(projection)
    reports.append(report)
    chip = ChipGraph(
        input=ChipInput(first.target, "bias", first.shape),
        populations=tuple(populations),
        projections=tuple(projections),
        time_steps=facts.time_steps,
        readouts=(
            Readout(
                last.target,
                1.0 / (report.scale * (1 << STATE_SHIFT) * facts.time_steps),
                facts.readout.weights,
            ),
        ),
        classes=facts.classes,
        host=HostEncoder(macs=host_macs(first, facts), scale=reports[0].scale),
    )
    check_graph(chip)
    return chip, tuple(reports)


def _input_population(
    first: Segment, facts: FrozenFacts, samples: NDArray[Any]
) -> tuple[Population, LayerQuantization]:
    neuron = uniform_neuron(first)
    largest = float(np.abs(host_currents(first, facts, samples)).max())
    scale = input_scale(first.target, largest, neuron.decay, facts.time_steps, neuron.threshold)
    population = _population(first, neuron, scale, np.zeros((), dtype=np.int64))
    report = LayerQuantization(
        first.target, scale, int(population.threshold), 0, clipped_weights=0, sqnr_db=None
    )
    return population, report


def _hidden(
    segment: Segment, largest_membrane: float
) -> tuple[Population, Projection, LayerQuantization]:
    neuron = uniform_neuron(segment)
    weights = compose(segment)
    scale = hidden_scale(
        segment.target, weights.weight, weights.bias, neuron.threshold, largest_membrane
    )
    integers = quantized(weights.weight, weights.bias, scale)
    population = _population(segment, neuron, scale, _bias(segment, integers))
    projection = _projection(segment, weights, integers)
    return population, projection, _report(segment, integers, int(population.threshold))


def _readout(
    segment: Segment, facts: FrozenFacts
) -> tuple[Population, Projection, LayerQuantization]:
    weights = compose(segment)
    scale = readout_scale(segment.target, weights.weight, weights.bias, facts.time_steps)
    integers = quantized(weights.weight, weights.bias, scale)
    population = Population(
        name=segment.target,
        shape=segment.shape,
        decay_u=np.array(DECAY_ONE),
        decay_v=np.array(0),
        threshold=np.array(THRESHOLD_MANT_MAX),
        bias=_bias(segment, integers),
    )
    report = _report(segment, integers, THRESHOLD_MANT_MAX)
    return population, _projection(segment, weights, integers), report


def _population(
    segment: Segment, neuron: UniformNeuron, scale: float, bias: IntArray
) -> Population:
    return Population(
        name=segment.target,
        shape=segment.shape,
        decay_u=np.array(DECAY_ONE),
        decay_v=np.array(DECAY_ONE - round(neuron.decay * DECAY_ONE)),
        threshold=np.array(round(neuron.threshold * scale)),
        bias=bias,
    )


def _bias(segment: Segment, integers: QuantizedWeights) -> IntArray:
    if len(segment.shape) == 1:
        return integers.bias
    if len(integers.bias) == segment.shape[0]:
        return integers.bias.reshape(-1, 1, 1)
    return integers.bias.reshape(segment.shape)


def _projection(
    segment: Segment, weights: FloatConv | FloatDense, integers: QuantizedWeights
) -> Projection:
    if isinstance(weights, FloatDense):
        return DenseProjection(segment.source, segment.target, integers.weight)
    return ConvProjection(
        segment.source,
        segment.target,
        integers.weight,
        stride=weights.stride,
        padding=weights.padding,
        dilation=weights.dilation,
    )


def _report(segment: Segment, integers: QuantizedWeights, threshold: int) -> LayerQuantization:
    return LayerQuantization(
        name=segment.target,
        scale=integers.scale,
        threshold=threshold,
        weight_max=int(np.abs(integers.weight).max()),
        clipped_weights=int(np.isin(integers.weight, (WEIGHT_MIN, WEIGHT_MAX)).sum()),
        sqnr_db=integers.sqnr_db,
    )


def _largest_membranes(
    graph: nir.NIRGraph, samples: NDArray[Any], parts: tuple[Segment, ...]
) -> dict[str, float]:
    """Largest |u| per population on calibration data, in units where the input gain is 1."""
    largest: dict[str, float] = {}
    for start in range(0, len(samples), CALIBRATION_BATCH):
        batch = samples[start : start + CALIBRATION_BATCH]
        membranes = run_graph(graph, batch, record=True).membranes
        for part in parts:
            if part.neuron is not None:
                reached = float(np.abs(membranes[part.target] / part.neuron.gain).max())
                largest[part.target] = max(largest.get(part.target, 0.0), reached)
    return largest
