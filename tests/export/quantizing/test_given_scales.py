"""Scales that somebody gives, and searches on whole networks."""

from collections.abc import Mapping

import nir
import numpy as np
import pytest
from numpy.typing import NDArray

from export.chip.graph import InputForm
from export.errors import LimitExceeded
from export.executor import logits, run_graph
from export.nir_metadata import read_facts
from export.quantizing import (
    SCALE_SEARCHES,
    LayerQuantization,
    Quantization,
    quantization,
    rounded_run,
)
from tests.export.quantizing.test_residual_quantizing import dense_sums, odd_pooling, sew_network
from tests.frozen_networks import conv_network, images
from tests.other_networks import dense_network, spike_trains
from tests.same_graph import assert_same_graph
from trainers.errors import ConfigError

BINARY = (images(40, 5) < 0.4).astype(np.float32)
Case = tuple[nir.NIRGraph, InputForm, NDArray[np.float32]]
CASES: dict[str, Case] = {
    "bias": (conv_network(), "bias", images(40, 5)),
    "graded": (conv_network(), "graded", images(40, 5)),
    "spikes": (conv_network(), "spikes", BINARY),
    "sequences": (dense_network(), "bias", spike_trains(40, seed=6)),
    "sums": (dense_sums(), "bias", spike_trains(40, seed=6)),
    "sew": (sew_network(), "bias", images(40, 5)),
}


def scales_of(done: Quantization) -> dict[str, float]:
    """Per population, and of the payloads where there are any."""
    found = {layer.name: layer.scale for layer in done.layers}
    payload = done.layers[0].payload
    return found if payload is None else found | {done.chip.input.name: payload.scale}


def quantised(
    case: Case, bits: int, search: str = "max-abs", scales: Mapping[str, float] | None = None
) -> Quantization:
    """The case's integers."""
    graph, form, calibration = case
    return quantization(
        graph, calibration, input_form=form, weight_bits=bits, scale_search=search, scales=scales
    )


@pytest.mark.parametrize("search", SCALE_SEARCHES)
@pytest.mark.parametrize("bits", [8, 4, 2])
@pytest.mark.parametrize("name", CASES)
def test_given_its_own_scales_a_network_gets_the_same_integers(
    name: str, bits: int, search: str
) -> None:
    """Whatever search found them: graph, report and all."""
    done = quantised(CASES[name], bits, search)
    again = quantised(CASES[name], bits, scales=scales_of(done))
    assert_same_graph(again.synchronous, done.synchronous)
    assert_same_graph(again.chip, done.chip)
    assert again.layers == done.layers
    steps = [step for layer in done.layers for step in layer.weight_steps]
    assert steps
    for projection in done.synchronous.projections:
        assert len(np.unique(projection.weight)) <= 2**bits
    assert all(step % 2 == 0 and step <= 2 ** (9 - bits) for step in steps)


@pytest.mark.parametrize("bits", [8, 4, 3])
def test_weights_that_are_integers_over_the_scale_stay_those_integers(bits: int) -> None:
    """What fine-tuning exports: every matrix replaced by what the chip holds of it, in float32."""
    graph = dense_network()
    calibration = spike_trains(40, seed=6)
    done = quantization(graph, calibration, weight_bits=bits, scale_search="squared-error")
    for layer, name in zip(done.layers[1:], list(graph.nodes)[3:-1:2], strict=True):
        (projection,) = done.synchronous.incoming(layer.name)
        assert graph.nodes[name].weight.shape == projection.weight.shape
        graph.nodes[name].weight = (projection.weight / layer.scale).astype(np.float32)
    again = quantization(graph, calibration, weight_bits=bits, scales=scales_of(done))
    assert_same_graph(again.synchronous, done.synchronous)
    assert all(layer.clipped_weights == 0 for layer in again.layers)
    assert all((layer.sqnr_db or 0) > 100 for layer in again.layers[1:])


def test_scales_that_miss_the_populations_are_refused() -> None:
    """One missing, one of nobody, one that isn't a number above 0, and one that doesn't fit."""
    case = CASES["bias"]
    scales = scales_of(quantised(case, 8))
    name = "l004_lif"
    without = {key: value for key, value in scales.items() if key != name}
    cases: list[tuple[dict[str, float], type[Exception], str]] = [
        (without, ConfigError, "scales name no population 'l004_lif'"),
        (scales | {"l009": 3.0}, ConfigError, "scales name 'l009', which is no population"),
        (scales | {name: 0.0}, ConfigError, "the scale of 'l004_lif' is 0. Give a positive"),
        (scales | {name: float("nan")}, ConfigError, "the scale of 'l004_lif' is nan"),
        (scales | {name: float("inf")}, ConfigError, "the scale of 'l004_lif' is inf"),
        (scales | {name: 1e9}, LimitExceeded, "'l004_lif': at the given scale 1e"),
        (scales | {"l001_lif": 0.1}, LimitExceeded, "'l001_lif': its threshold would round to 0"),
    ]
    for given, error, message in cases:
        with pytest.raises(error, match=message):
            quantised(case, 8, scales=given)


def test_payload_scales_that_no_range_has_are_refused() -> None:
    """Only graded input has payloads, and only those of the calibration data's ranges."""
    scales = scales_of(quantised(CASES["graded"], 8))
    with pytest.raises(ConfigError, match="graded input: no range of payloads has the given"):
        quantised(CASES["graded"], 8, scales=scales | {"input": 1.2345})
    with pytest.raises(ConfigError, match="scales name 'input', which is no population"):
        quantised(CASES["bias"], 8, scales=scales)


def test_larger_scales_clip_and_are_counted() -> None:
    """Twice the scale: what lay past half the range becomes its end, the rest is finer."""
    graph = conv_network()
    plain = quantised(CASES["bias"], 8)
    name = "l007_fc"
    scales = scales_of(plain)
    doubled = quantised(CASES["bias"], 8, scales=scales | {name: 2 * scales[name]})
    layer = doubled.layers[-1]
    weight = np.asarray(graph.nodes[name].weight, dtype=np.float64) * layer.scale
    pooled = 4  # Each weight reads the four neurons that sum pooling put together.
    assert layer.clipped_weights == pooled * ((weight > 255) | (weight < -257)).sum() > 0
    assert (layer.weight_max, layer.scale) == (256, 2 * scales[name])


def test_unknown_searches_and_bits_are_refused() -> None:
    """Each with what there is."""
    with pytest.raises(ConfigError, match=r"no scale search 'best'\. Known: max-abs, percentile"):
        quantised(CASES["bias"], 8, "best")
    for bits in (1, 9):
        with pytest.raises(LimitExceeded, match=f"weight_bits is {bits}"):
            quantised(CASES["bias"], bits)


def disagreement(case: Case, done: Quantization, name: str) -> int:
    """Spikes of a population that only one of the networks fires, on the first 64 samples."""
    graph, _, calibration = case
    found = rounded_run(graph, done.synchronous, calibration[:64]).spikes[name]
    return int((found != run_graph(graph, calibration[:64]).spikes[name]).sum())


@pytest.mark.parametrize(
    ("name", "layer"), [("bias", 1), ("spikes", 0), ("graded", 0), ("graded", 1)]
)
def test_no_scale_nearby_fires_more_alike(name: str, layer: int) -> None:
    """Up to an octave from squared-error's in steps of 9 %, and max-abs's, each run as a whole."""
    case, bits = CASES[name], 3
    done = quantised(case, bits, "spike-disagreement")
    population = done.layers[layer].name
    fewest = disagreement(case, done, population)
    scales = scales_of(done)
    middle = quantised(case, bits, "squared-error", None).layers[layer].scale
    others = [quantised(case, bits).layers[layer].scale]
    if (name, layer) != ("graded", 0):
        # There the payloads' range is chosen along with the scale.
        others += [int(middle * 2 ** (k / 8)) for k in range(-8, 9)]
    apart = []
    for other in others:
        tried = quantised(case, bits, scales=scales | {population: other})
        apart.append(disagreement(case, tried, population))
    assert fewest <= min(apart)
    assert max(apart) > fewest


def test_the_readouts_search_takes_the_smallest_error_of_the_logits() -> None:
    """Against every scale that halves or doubles squared-error's, layers before it kept."""
    case, bits = CASES["bias"], 2
    graph, _, calibration = case
    facts = read_facts(graph)
    expected = logits(run_graph(graph, calibration).outputs, facts)
    done = quantised(case, bits, "spike-disagreement")
    scales, name = scales_of(done), done.layers[-1].name

    def error(scale: float) -> float:
        tried = quantised(case, bits, scales=scales | {name: scale})
        run = rounded_run(graph, tried.synchronous, calibration)
        return float(np.square(logits(run.outputs, facts) - expected).sum())

    middle = quantised(case, bits, "squared-error").layers[-1].scale
    errors = [error(middle * 2 ** (k / 4)) for k in range(-4, 5)]
    assert error(scales[name]) <= min(errors)
    assert max(errors) > 1.2 * error(scales[name])


def reported(layers: tuple[LayerQuantization, ...]) -> list[float | None]:
    """Spike disagreement of each layer."""
    return [layer.spike_disagreement for layer in layers]


def test_the_report_says_how_many_spikes_differ() -> None:
    """Of those that either network fired, on all calibration samples; none of a readout."""
    graph, _, calibration = CASES["bias"]
    done = quantised(CASES["bias"], 3)
    expected = run_graph(graph, calibration).spikes
    found = rounded_run(graph, done.synchronous, calibration).spikes
    shares = [
        (found[name] ^ expected[name]).sum() / (found[name] | expected[name]).sum()
        for name in ("l001_lif", "l004_lif")
    ]
    assert reported(done.layers) == [pytest.approx(share) for share in shares] + [None]
    assert 0 < shares[0] < 0.01 < shares[1]
    fine, coarse = reported(quantised(CASES["bias"], 8).layers), reported(done.layers)
    assert (fine[1] or 0) < 0.3 * (coarse[1] or 0)


def test_silenced_neurons_are_not_counted() -> None:
    """What nobody reads may differ: only rows and columns that are read are compared."""
    graph, inputs = odd_pooling(), images(40, 5, size=7)
    done = quantization(graph, inputs)
    silenced = [layer for layer in done.layers if layer.silenced]
    assert silenced
    expected = run_graph(graph, inputs).spikes[silenced[0].name]
    assert expected[..., 6, :].any()
    assert (silenced[0].spike_disagreement or 0) < 0.03
