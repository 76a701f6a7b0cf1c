"""Quantising: a frozen network becomes integer populations and projections for the chip."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from export.chip.balancing import Balancing, balanced
from export.chip.balancing_choice import Means
from export.chip.balancing_costs import BalancingCosts
from export.chip.check_graph import check_graph
from export.chip.graph import ChipGraph, InputForm, Readout
from export.chip.limits import STATE_SHIFT
from export.errors import UnsupportedLayer
from export.executor import run_graph
from export.executor.samples import check_samples
from export.graph_order import in_order
from export.nir_metadata import FrozenFacts, read_facts
from export.quantizing.disagreement import spike_disagreement
from export.quantizing.evidence import Evidence
from export.quantizing.input_forms import INPUT_FORMS, PAYLOAD_BITS, Calibration, FirstLayer
from export.quantizing.integrated_layer import (
    IntegratedLayer,
    hidden_layer,
    readout_layer,
    without_unread,
)
from export.quantizing.layer import LayerQuantization
from export.quantizing.live_region import live_regions
from export.quantizing.scale_rule import scale_rule
from export.quantizing.segments import Segment, segments
from export.quantizing.weight_grid import WEIGHT_BITS
from trainers.data.splits import Inputs

CALIBRATION_SAMPLES = 256
CALIBRATION_BATCH = 32
"""Membranes of every neuron at every step are kept for one batch at a time."""


@dataclass(frozen=True)
class Quantization:
    """A network in the chip's integers, and what that took.

    Args:
        chip: the graph, balanced.
        synchronous: the same before balancing: where ways of different lengths meet, a spike of
            step t still counts at step t. No chip runs it; fine-tuning and the ledger do.
        layers: what rounding did, per population of the network.
        balancing: which paths wait for which, and how; see `export.chip.balancing`.
    """

    chip: ChipGraph
    synchronous: ChipGraph
    layers: tuple[LayerQuantization, ...]
    balancing: Balancing


def quantize(
    graph: nir.NIRGraph,
    calibration: NDArray[Any] | Inputs,
    *,
    input_form: InputForm = "bias",
    payload_bits: int = PAYLOAD_BITS,
) -> ChipGraph:
    """The chip graph of a frozen network; see `quantization` for what rounding did.

    Example:
        `chip = quantize(freeze(network, sample), data.validation.inputs)`
    """
    return quantization(graph, calibration, input_form=input_form, payload_bits=payload_bits).chip


def quantization(
    graph: nir.NIRGraph,
    calibration: NDArray[Any] | Inputs,
    *,
    input_form: InputForm = "bias",
    payload_bits: int = PAYLOAD_BITS,
    weight_bits: int = WEIGHT_BITS,
    scale_search: str = "max-abs",
    scales: Mapping[str, float] | None = None,
    balance_by: Means | None = None,
    costs: BalancingCosts | None = None,
) -> Quantization:
    """The chip graph of a frozen network, with a report per population and per balanced path.

    The input form says who computes the first linear operation, see
    `export.quantizing.input_forms`; pooling folds into the projection behind it; a sum brings its
    population one projection per summand; the last linear layer becomes a readout population that
    neither leaks nor fires. Weights per step stay with the host, which then reads that population
    after every step. Where ways of different lengths meet, the shorter ones are delayed.

    Args:
        graph: frozen network with its facts.
        calibration: inputs as the network takes them, in memory or lazy, never the test split; the
            first 256 set the scales.
        input_form: how samples enter the chip.
        payload_bits: the most bits that a graded payload may have.
        weight_bits: of a synaptic weight, sign included, 2 to 8.
        scale_search: how each population's scale is chosen, of SCALE_SEARCHES.
        scales: integer per unit of float, per population, taken as they are instead of searched;
            weights beyond the range are clipped and counted. With graded input, the input's name
            may give payloads per unit of float.
        balance_by: what delays shorter ways; None takes the cheaper, see `export.chip.balancing`.
        costs: of the chip that delays are chosen for; None takes Loihi 1's.

    Raises:
        UnsupportedLayer: neurons that don't fit the chip's model, or an input that more than one
            population takes where the input form allows but one.
        LimitExceeded: no scale, or not the given one, lets a layer's values fit the chip's ranges.
        ConfigError: no such search, or a given scale is missing, unknown or not positive.
        InvalidGraph: readout weights for another number of steps.
        DataError: calibration inputs of the wrong shape, with NaN or infinity, or, for form
            `spikes`, other than 0 and 1.
    """
    facts = read_facts(graph)
    parts = segments(graph, facts)
    samples = calibration[:CALIBRATION_SAMPLES]
    check_samples(samples, in_order(graph), facts, facts.time_steps)
    membranes = _largest_membranes(graph, samples, parts)
    first, *hidden, last = parts
    _refuse_second_readers(input_form, (*hidden, last))
    live = live_regions(parts)
    source = in_order(graph)[0].name
    names, payloads = tuple(part.target for part in parts), (source,) * (input_form == "graded")
    rule = scale_rule(weight_bits, scale_search, scales, names, payloads)
    if rule.search.runs_layers and scales is None:
        rule = replace(rule, evidence=Evidence(graph, facts, samples, source))
    entry = INPUT_FORMS[input_form].quantise(
        first, facts, Calibration(samples, membranes[first.target], payload_bits, rule)
    )
    entered = IntegratedLayer(entry.population, entry.projections, entry.report)
    layers = [without_unread(entered, live)]
    if rule.evidence is not None:
        integers = _encoded(first, facts, entry, rule.evidence.samples)
        rule.evidence.enter(layers[0], entry.input, integers)
    layers += [
        rule.settled(hidden_layer(segment, membranes[segment.target], live, rule))
        for segment in hidden
    ]
    layers.append(readout_layer(last, facts.time_steps, live, rule))
    synchronous = _chip_graph(entry, layers, facts)
    check_graph(synchronous)
    chip, balancing = balanced(synchronous, means=balance_by, costs=costs)
    apart = spike_disagreement(graph, synchronous, samples, live)
    reports = tuple(
        replace(layer.report, spike_disagreement=apart.get(layer.report.name)) for layer in layers
    )
    return Quantization(chip, synchronous, reports, balancing)


def _refuse_second_readers(input_form: InputForm, others: tuple[Segment, ...]) -> None:
    for segment in others:
        if segment.takes_input and input_form != "spikes":
            raise UnsupportedLayer(
                f"node '{segment.target}': it takes the network's input as an earlier population "
                f"does, but input form '{input_form}' drives one population only. Use input form "
                "'spikes', or put a neuron between the input and the branch."
            )


def _encoded(
    first: Segment, facts: FrozenFacts, entry: FirstLayer, samples: NDArray[Any]
) -> NDArray[Any]:
    host = ChipGraph(entry.input, (entry.population,), entry.projections, host=entry.host)
    return INPUT_FORMS[entry.input.form].encode(first, facts, host, samples).integers


def _chip_graph(entry: FirstLayer, layers: list[IntegratedLayer], facts: FrozenFacts) -> ChipGraph:
    report = layers[-1].report
    volts_to_logit = 1.0 / (report.scale * (1 << STATE_SHIFT) * facts.time_steps)
    return ChipGraph(
        input=entry.input,
        populations=tuple(layer.population for layer in layers),
        projections=tuple(projection for layer in layers for projection in layer.projections),
        time_steps=facts.time_steps,
        readouts=(Readout(report.name, volts_to_logit, facts.readout.weights),),
        classes=facts.classes,
        host=entry.host,
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
