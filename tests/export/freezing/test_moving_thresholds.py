"""Strategy `schedule` keeps what the trained network evaluates with, to the last spike."""

import nir
import numpy as np
import pytest
import torch

from export.errors import UnsupportedLayer
from export.executor import run_graph
from export.freezing import STRATEGIES, freeze, frozen_module
from export.nir_metadata import read_facts
from tests.moving_networks import BODIES, adaptive, inputs, scheduled
from tests.tiny_training import few_digits, tiny_module
from tests.torch_networks import assert_lively, run_torch
from trainers import fit
from trainers.evaluation import evaluate
from trainers.network import SpikingNetwork


def assert_same_spikes(network: SpikingNetwork, graph: nir.NIRGraph, images: torch.Tensor) -> None:
    """Every spike of the torch network is the executor's."""
    _, spikes = run_torch(network, images)
    run = run_graph(graph, images.numpy())
    modules = read_facts(graph).modules
    assert_lively(run.spikes)
    for node, fired in run.spikes.items():
        np.testing.assert_array_equal(spikes[modules[node]], fired, err_msg=node)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("body", BODIES)
def test_a_schedule_fires_as_training_did(body: str, seed: int) -> None:
    """Executor, frozen module and trained network agree; the mean alone would not."""
    network, images = scheduled(body, seed), inputs()
    graph = freeze(network, images, strategy="schedule")
    assert_same_spikes(network, graph, images)
    assert_same_spikes(frozen_module(network, graph), graph, images)
    modules = read_facts(graph).modules
    constant = run_graph(freeze(network, images), images.numpy())
    _, spikes = run_torch(network, images)
    assert any((spikes[modules[node]] != s).any() for node, s in constant.spikes.items())


@pytest.mark.parametrize("decay_input", [False, True])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("body", BODIES)
def test_adaptation_fires_as_training_did(body: str, seed: int, decay_input: bool) -> None:
    """The same for ALIF, also where the decay scales the current; spikes do raise thresholds."""
    strength = 0.1 if decay_input else 0.4
    network = adaptive(body, seed, decay_input=decay_input, threshold=strength)
    images = inputs()
    graph = freeze(network, images, strategy="schedule")
    assert_same_spikes(network, graph, images)
    assert_same_spikes(frozen_module(network, graph), graph, images)
    flat = adaptive(body, seed, decay_input=decay_input, threshold=strength, beta=0.0)
    unmoved = run_torch(flat, images)[1]
    moved = run_torch(network, images)[1]
    assert any((unmoved[name] != spikes).any() for name, spikes in moved.items())


def test_a_trained_schedule_fires_as_training_did() -> None:
    """A network that learnt digits under DS-ATGO, on its test split."""
    network = fit(
        tiny_module(), few_digits(), method=("ds-atgo",), time_steps=4, epochs=4, batch_size=8,
        device="cpu",
    ).network  # fmt: skip
    for _, neuron in network.neurons():
        neuron.set_decay(0.25)
    network = network.double().eval()
    test = few_digits().test
    graph = freeze(network, test.inputs[:1], strategy="schedule", method=("ds-atgo",))
    assert read_facts(graph).moving_thresholds == ("l001_lif",)
    expected = evaluate(network, test, record_spikes=True)
    run = run_graph(graph, test.inputs[:])
    assert_lively(run.spikes)
    np.testing.assert_array_equal(expected.spikes["2"], run.spikes["l001_lif"])


def test_the_facts_hold_the_schedule() -> None:
    """The value is the mean; the steps' own are the trained network's, in the same units."""
    network = scheduled("flat", 0)
    facts = read_facts(freeze(network, inputs(), strategy="schedule"))
    assert facts.moving_thresholds == ("l002_lif", "l004_lif")
    for node, threshold in facts.thresholds.items():
        rule = dict(network.neurons())[facts.modules[node]].threshold_rule
        assert threshold.strategy == "schedule"
        assert threshold.per_step == tuple(rule.state_dict()["running"].tolist())
        assert threshold.value == pytest.approx(np.mean(threshold.per_step))
        assert threshold.adaptation is None


def test_the_facts_hold_the_adaptation() -> None:
    """The value is b0 at every step; beta comes in its units, and a gain divides b0 alone."""
    network = adaptive("flat", 0, time_steps=3, decay_input=True, threshold=0.4, beta=1.8)
    facts = read_facts(freeze(network, inputs(), strategy="schedule"))
    neurons = dict(network.neurons())
    for node, threshold in facts.thresholds.items():
        gain = 1 - float(neurons[facts.modules[node]].decay.detach())
        assert threshold.value == pytest.approx(0.4 / gain)
        assert threshold.per_step == (threshold.value,) * 3
        assert threshold.adaptation is not None
        assert threshold.adaptation.beta == pytest.approx(1.8 / 0.4)
        assert threshold.adaptation.rho == pytest.approx(np.exp(-1 / 3))


def test_time_beyond_the_trained_steps_repeats_the_last_threshold() -> None:
    """As the trained network does: step 6 of 4 uses the threshold of step 4."""
    network, images = scheduled("convolutions", 1), inputs()
    run = run_graph(freeze(network, images, strategy="schedule"), images.numpy(), time_steps=6)
    facts = read_facts(freeze(network, images, strategy="schedule"))
    network.set_time_steps(6)
    _, spikes = run_torch(network, images)
    for node, fired in run.spikes.items():
        np.testing.assert_array_equal(spikes[facts.modules[node]], fired)


@pytest.mark.parametrize("strategy", [n for n, row in STRATEGIES.items() if row.constant])
def test_constants_of_an_adaptation_are_refused(strategy: str) -> None:
    """One line with layer, method, strategy, who can't and what could."""
    with pytest.raises(UnsupportedLayer) as refusal:
        freeze(adaptive("flat", 0), inputs(), strategy=strategy, calibration=inputs().numpy())
    message = str(refusal.value)
    assert "\n" not in message
    assert message.startswith("layer '2' (method alif): each neuron's threshold follows its own")
    assert f"strategy '{strategy}'" in message
    assert "targets nir, netx, chip and chip-onnx hold none" in message
    assert message.endswith("threshold strategy 'schedule' and targets schedule and onnx.")


def test_an_adaptation_that_moves_nothing_is_a_constant() -> None:
    """With beta 0 ALIF is a plain neuron, which every strategy freezes."""
    graph = freeze(adaptive("flat", 0, beta=0.0), inputs())
    facts = read_facts(graph)
    assert facts.moving_thresholds == ()
    assert [t.value for t in facts.thresholds.values()] == [pytest.approx(0.4)] * 2


def test_equal_steps_stay_a_constant() -> None:
    """A schedule of equal thresholds moves nothing, whatever the strategy is called."""
    network = scheduled("flat", 0, time_steps=3)
    for _, neuron in network.neurons():
        neuron.threshold_rule.state_dict()["running"].fill_(0.1)
    facts = read_facts(freeze(network, inputs(), strategy="schedule"))
    assert facts.moving_thresholds == ()
    assert all(set(t.per_step) == {t.value} for t in facts.thresholds.values())
