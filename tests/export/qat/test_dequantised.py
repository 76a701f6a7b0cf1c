"""Weights written back to the graph become the same integers again, wherever training took them."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from export.chip.graph import InputForm
from export.chip.limits import BIAS_MANT_MAX, THRESHOLD_MANT_MAX
from export.qat import integer_network
from export.qat.dequantised import dequantised
from export.qat.master import Master
from export.quantizing import Quantization, encode, quantization
from hwsim.engine.readout import chip_logits
from hwsim.engine.simulate import simulate
from tests.quantised_networks import BODIES, Case, case, quantised_case
from tests.torch_networks import networked
from trainers.data import Split
from trainers.evaluation import evaluate
from trainers.network import SpikingNetwork

FORMS: tuple[InputForm, ...] = ("bias", "spikes", "graded")


def moved(found: Case, change: Callable[[str, Tensor], None]) -> SpikingNetwork:
    """The network on integers with each node's weights and biases changed in place."""
    network = integer_network(found.graph, found.quantised, found.network)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, Master):
                change(f"{module.name}.weight", module.weight)
                if module.bias is not None:
                    change(f"{module.name}.bias", module.bias)
    return network


def assert_requantised_alike(found: Case, network: SpikingNetwork, bits: int) -> Quantization:
    """At the same scales: no spike and no logit of the emulator differs from the network's."""
    tuned = dequantised(found.graph, network)
    first = found.quantised.layers[0]
    done = quantization(
        tuned,
        found.inputs,
        input_form=found.quantised.chip.input.form,
        weight_bits=bits,
        payload_bits=first.payload.bits if first.payload else 8,
        scales={layer.name: layer.scale for layer in found.quantised.layers},
    )
    split = Split(found.inputs, np.zeros(len(found.inputs), dtype=np.int64))
    expected = evaluate(network, split, record_spikes=True)
    trace = simulate(done.chip, encode(tuned, done.chip, found.inputs), record=True)
    for name, spikes in expected.spikes.items():
        fired = np.moveaxis(trace.recordings[name]["s"], 1, 0)
        assert int((fired != spikes).sum()) == 0, name
    np.testing.assert_array_equal(chip_logits(trace), expected.logits)
    return done


@pytest.mark.parametrize("bits", [8, 3])
@pytest.mark.parametrize(
    ("name", "form"),
    [
        (name, form)
        for name in BODIES
        for form in FORMS
        # The input itself reaches both populations of that one, which only spikes may.
        if name != "one conv, two populations" or form == "spikes"
    ],
)
def test_moved_weights_become_the_same_integers(name: str, form: InputForm, bits: int) -> None:
    """Every weight and bias a little elsewhere, nodes with several readers included."""
    found = case(name, form, bits)
    generator = torch.Generator().manual_seed(bits)

    def noise(_name: str, values: Tensor) -> None:
        drawn = torch.randn(values.shape, generator=generator)
        values += 0.1 * values.abs().mean() * drawn

    done = assert_requantised_alike(found, moved(found, noise), bits)
    before, after = (
        np.concatenate([p.weight.ravel() for p in chip.projections])
        for chip in (found.quantised.synchronous, done.synchronous)
    )
    assert (before != after).any()


def test_a_node_of_two_scales_keeps_its_floats() -> None:
    """Integers of one scale, taken back to floats, would round to others at the second."""
    found = case("one conv, two populations", "spikes", 4)
    fast, slow, readout = found.quantised.layers
    scales = {fast.name: fast.scale, slow.name: 0.61 * slow.scale, readout.name: readout.scale}
    apart = quantization(
        found.graph, found.inputs, input_form="spikes", weight_bits=4, scales=scales
    )
    two_scales = replace(found, quantised=apart)
    assert_requantised_alike(two_scales, moved(two_scales, lambda *_: None), 4)


def test_a_readout_that_grew_can_not_saturate() -> None:
    """Its integers shrink together: all inputs firing at every step stay within the state."""
    found = quantised_case(networked(BODIES["digits recipe"](), seed=3, time_steps=64), "bias", 8)

    def grow(name: str, values: Tensor) -> None:
        if name.startswith("l007"):
            values *= 5

    done = assert_requantised_alike(found, moved(found, grow), 8)
    weight = done.synchronous.incoming("l007_fc")[0].weight
    bias = done.synchronous.population("l007_fc").bias
    upper = np.maximum(weight, 0).reshape(5, -1).sum(axis=1) + np.maximum(bias, 0)
    lower = np.minimum(weight, 0).reshape(5, -1).sum(axis=1) + np.minimum(bias, 0)
    assert 0.95 < 64 * max(upper.max(), -lower.min()) / THRESHOLD_MANT_MAX <= 1


def test_biases_stay_within_the_chips_range() -> None:
    """A hidden bias beyond 4,095 is clipped, in training and in the graph."""
    found = case("digits recipe")

    def grow(name: str, values: Tensor) -> None:
        if name == "l003_conv.bias":
            values[0] = 1000.0
            values[1] = -1000.0

    done = assert_requantised_alike(found, moved(found, grow), 8)
    bias = done.synchronous.population("l004_lif").bias.flatten()
    assert bias[:2].tolist() == [BIAS_MANT_MAX, -BIAS_MANT_MAX]


def test_the_graph_holds_what_the_chip_runs() -> None:
    """Weights are multiples of step / scale; the host's stay the floats they are."""
    found = case("digits recipe", bits=4)
    network = integer_network(found.graph, found.quantised, found.network)
    tuned = dequantised(found.graph, network)
    layer = found.quantised.layers[1]
    steps = tuned.nodes["l003_conv"].weight.astype(np.float64) * layer.scale / layer.weight_steps[0]
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-4)
    assert len(np.unique(np.rint(steps))) <= 16
    np.testing.assert_array_equal(
        tuned.nodes["l000_conv"].weight, found.graph.nodes["l000_conv"].weight
    )
