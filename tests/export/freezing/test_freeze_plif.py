"""Freezing what the methods with other neurons train: the same spikes, or a refusal by name."""

import numpy as np
import pytest
import torch

from export.errors import LimitExceeded, UnsupportedLayer
from export.executor import run_graph
from export.freezing import freeze
from export.nir_metadata import read_facts
from tests.torch_networks import assert_lively, conv_body, images_for, networked, run_torch
from trainers.methods import METHODS
from trainers.methods.ltmd import LearnableThreshold
from trainers.network import SpikingNetwork

SHAPE = (1, 8, 8)


def prepared(method: str, **options: object) -> SpikingNetwork:
    """Two stages with random weights under a method, float64, decay 0.75 (on the chip's grid)."""
    network = networked(conv_body(), seed=4)
    chosen = METHODS[method].options.model_validate(options)
    METHODS[method].prepare(network, chosen)
    network.double().eval()
    for _, neuron in network.neurons():
        neuron.set_decay(0.75)
    return network


def assert_frozen_alike(network: SpikingNetwork) -> None:
    """The executor's spikes of the frozen graph are the network's, and so are the outputs."""
    inputs = images_for(SHAPE, 20)
    outputs, spikes = run_torch(network, inputs)
    graph = freeze(network, inputs)
    run = run_graph(graph, inputs.numpy())
    facts = read_facts(graph)
    assert set(facts.decay_4096.values()) == {3072}
    assert_lively(run.spikes)
    for node, fired in run.spikes.items():
        np.testing.assert_array_equal(fired, spikes[facts.modules[node]], err_msg=node)
    np.testing.assert_allclose(run.outputs, outputs, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("decay_input", "threshold"), [(True, 0.25), (False, 0.5)])
def test_plif_freezes_to_the_same_spikes(decay_input: bool, threshold: float) -> None:
    """Where the decay scales the current too, freezing moves that gain into the weights."""
    network = prepared("plif", threshold=threshold, decay_input=decay_input)
    assert_frozen_alike(network)
    gain = 0.25 if decay_input else 1.0
    facts = read_facts(freeze(network, images_for(SHAPE)))
    for fact in facts.thresholds.values():
        assert fact.per_step == pytest.approx((threshold / gain,) * 4, rel=1e-9)


def test_ltmd_freezes_to_the_same_spikes() -> None:
    """The learnt threshold, one of its own in each layer, becomes the constant."""
    network = prepared("ltmd")
    for index, (_, neuron) in enumerate(network.neurons()):
        assert isinstance(neuron.threshold_rule, LearnableThreshold)
        neuron.threshold_rule.w.data.fill_(0.4 + 0.3 * index)
    assert_frozen_alike(network)
    facts = read_facts(freeze(network, images_for(SHAPE)))
    values = [fact.value for fact in facts.thresholds.values()]
    assert values == pytest.approx([np.tanh(0.4), np.tanh(0.7)], rel=1e-12)


def test_a_learnt_threshold_below_zero_is_refused() -> None:
    """Training may push w there; the layer is named."""
    network = prepared("ltmd")
    rule = dict(network.neurons())["6"].threshold_rule
    assert isinstance(rule, LearnableThreshold)
    rule.w.data.fill_(-0.5)
    with pytest.raises(LimitExceeded, match=r"layer '6', step 0: threshold -0\.462117 is not"):
        freeze(network, images_for(SHAPE))


def test_alif_is_refused_by_name() -> None:
    """The layer, its method, why it can't become a constant, and what can hold it."""
    with pytest.raises(
        UnsupportedLayer,
        match=r"layer '2' \(method alif\): each neuron's threshold follows its own spikes"
        r".*'mean' can make no constant.*Export with threshold strategy 'schedule'",
    ):
        freeze(prepared("alif"), torch.zeros(1, *SHAPE))
