"""Freezing as users call it: complete facts, an untouched module, spikes that others repeat."""

import importlib.metadata
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from export.errors import InvalidGraph, LimitExceeded, UnsupportedLayer
from export.executor import logits, run_graph
from export.freezing import freeze
from export.nir_file import read_nir, write_nir
from export.nir_metadata import read_facts
from hwsim.verify.runtime import Subject
from hwsim.verify.torch_importer import in_process
from tests.tiny_training import copied_state, few_digits, same_state, tiny_module
from tests.torch_networks import (
    Residual,
    assert_lively,
    conv_body,
    conv_norm,
    images_for,
    networked,
    run_torch,
)
from trainers import fit
from trainers.errors import ConfigError
from trainers.methods import METHODS
from trainers.methods.adaptive_threshold import AdaptiveThreshold
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF

SHAPE = (1, 8, 8)


def residual_body() -> nn.Sequential:
    """A stem, a residual block with an identity skip, a pooled readout."""
    return nn.Sequential(
        *conv_norm(1, 4), LIF(0.2),
        Residual(conv_norm(4, 4), nn.Identity(), LIF(0.4)),
        nn.AvgPool2d(2), nn.Flatten(), nn.Linear(64, 5),
    )  # fmt: skip


def test_facts_are_complete() -> None:
    """Everything NIR has no field for is in the metadata, thresholds per step included."""
    network = networked(conv_body(), time_steps=3)
    rule = AdaptiveThreshold(3)
    rule.running.copy_(torch.tensor([0.5, 0.25, 0.75]))
    network.body.get_submodule("2").threshold_rule = rule
    graph = freeze(
        network, images_for(SHAPE), classes=("a", "b", "c", "d", "e"), method=("ds-atgo", "x"),
        input_scale=1 / 16, checkpoint_sha256="00ff",
    )  # fmt: skip
    facts = read_facts(graph)
    assert facts.spikeport == importlib.metadata.version("spikeport")
    assert (facts.time_steps, facts.dt_s, facts.reset) == (3, 1e-4, "zero")
    assert (facts.input.form, facts.input.shape, facts.input.scale) == ("static", SHAPE, 1 / 16)
    assert (facts.readout.rule, facts.readout.weights) == ("mean", None)
    assert facts.classes == ("a", "b", "c", "d", "e")
    assert facts.method == ("ds-atgo", "x")
    assert facts.checkpoint_sha256 == "00ff"
    assert facts.decay_4096 == {"l001_lif": 819, "l004_lif": 1638}
    threshold = facts.thresholds["l001_lif"]
    assert (threshold.strategy, threshold.value) == ("mean", 0.5)
    assert threshold.per_step == (0.5, 0.25, 0.75)
    assert facts.thresholds.keys() == facts.decay_4096.keys()
    assert facts.modules == {
        "l000_conv": "0", "l001_lif": "2", "l002_sumpool": "3", "l003_conv": "4", "l004_lif": "6",
        "l005_sumpool": "7", "l006_flatten": "8", "l007_fc": "9",
    }  # fmt: skip


def test_a_sequence_network_says_so() -> None:
    """Samples [T, B, ...] make a graph of input form `sequence`, shaped for one step."""
    network = networked(nn.Sequential(nn.Linear(7, 9), LIF(), nn.Linear(9, 3)), time_steps=5)
    network.sequence = True
    facts = read_facts(freeze(network, torch.rand(5, 2, 7)))
    assert (facts.input.form, facts.input.shape, facts.time_steps) == ("sequence", (7,), 5)


@pytest.mark.parametrize("training", [True, False])
def test_the_module_is_left_as_it_was(training: bool) -> None:
    """Weights, statistics and each layer's own mode survive, a frozen norm's included."""
    network = networked(conv_body()).train(training)
    network.body.get_submodule("1").eval()
    modes = {name: module.training for name, module in network.named_modules()}
    before = copied_state(network)
    freeze(network, images_for(SHAPE))
    assert same_state(before, copied_state(network))
    assert {name: module.training for name, module in network.named_modules()} == modes


def test_the_module_is_left_as_it_was_after_an_error() -> None:
    """A refused network goes back to training as if nothing had been asked."""
    body = nn.Sequential(nn.Conv2d(1, 2, 3), LIF(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(18, 3))
    network = networked(body).train()
    with pytest.raises(UnsupportedLayer):
        freeze(network, images_for(SHAPE))
    assert all(module.training for module in network.modules())


def test_the_callers_sample_is_left_as_it_was() -> None:
    """A forward that adds in place works on a copy."""

    class AddsInPlace(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(4, 4)
            self.rest = nn.Sequential(LIF(), nn.Linear(4, 2))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x += self.first(x)
            currents: torch.Tensor = self.rest(x)
            return currents

    network = networked(AddsInPlace(), time_steps=2)
    sample = torch.rand(2, 4).double()
    before = sample.clone()
    freeze(network, sample)
    network.sequence = True
    sequence = torch.rand(2, 3, 4).double()
    kept = sequence.clone()
    freeze(network, sequence)
    assert torch.equal(sample, before)
    assert torch.equal(sequence, kept)


def test_a_fitted_module_of_a_user(tmp_path: Path) -> None:
    """fit's network and the module it trained freeze to one graph, which classifies alike."""
    data = few_digits()
    module = tiny_module()
    fitted = fit(module, data, method="ds-atgo", time_steps=2, epochs=8, device="cpu")
    graph = freeze(fitted.network, data.validation.inputs[:1], classes=data.classes)
    write_nir(graph, tmp_path / "a.nir")
    write_nir(freeze(module, data.validation.inputs[:1], classes=data.classes), tmp_path / "b.nir")
    assert (tmp_path / "a.nir").read_bytes() == (tmp_path / "b.nir").read_bytes()
    run = run_graph(read_nir(tmp_path / "a.nir"), data.validation.inputs[:])
    answers = logits(run.outputs, read_facts(graph))
    assert answers.shape == (len(data.validation), 10)
    assert_lively(run.spikes)


def test_the_frozen_network_fires_like_the_trained_one() -> None:
    """With thresholds constant and decays on the grid, only float32 lies between the two."""
    network = networked(residual_body(), seed=4)
    for _, neuron in network.neurons():
        neuron.decay_logit.data = torch.logit(torch.tensor(1638 / 4096, dtype=torch.float64))
    inputs = images_for(SHAPE, 20)
    outputs, spikes = run_torch(network, inputs)
    graph = freeze(network, inputs)
    run = run_graph(graph, inputs.numpy())
    modules = read_facts(graph).modules
    assert_lively(run.spikes)
    for node, fired in run.spikes.items():
        np.testing.assert_array_equal(fired, spikes[modules[node]], err_msg=node)
    np.testing.assert_allclose(run.outputs, outputs, rtol=0, atol=1e-5)


@pytest.mark.parametrize("body", [conv_body, residual_body])
def test_norse_repeats_every_spike(body: type[nn.Module], tmp_path: Path) -> None:
    """The file, imported by Norse and stepped in float64, fires as our executor does."""
    network = networked(body(), seed=4)
    write_nir(freeze(network, images_for(SHAPE)), tmp_path / "model.nir")
    graph = read_nir(tmp_path / "model.nir")
    inputs = images_for(SHAPE, 10, seed=7).numpy()
    run = run_graph(graph, inputs)
    ask = in_process("norse")(Subject(graph))
    assert ask is not None
    answer = ask(inputs)
    assert_lively(run.spikes)
    for node, fired in run.spikes.items():
        np.testing.assert_array_equal(answer.spikes[node], fired, err_msg=node)
    np.testing.assert_allclose(answer.logits, logits(run.outputs, read_facts(graph)), atol=1e-6)


def test_arrays_serve_as_samples() -> None:
    """A tensor, an array, one that can't be written to, and integers make the same graph."""
    network = networked(conv_body())
    array = images_for(SHAPE).numpy()
    locked = array.copy()
    locked.setflags(write=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        graphs = [freeze(network, s) for s in (torch.tensor(array), array, locked, array > 0.5)]
    assert len({str(graph.metadata) for graph in graphs}) == 1
    for graph in graphs[1:]:
        np.testing.assert_array_equal(
            graph.nodes["l003_conv"].weight, graphs[0].nodes["l003_conv"].weight
        )


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((), r"shape \(\) isn't \[B, \.\.\.\] with B >= 1"),
        ((0, 1, 8, 8), r"shape \(0, 1, 8, 8\) isn't \[B, \.\.\.\] with B >= 1"),
        ((1, 8, 8), "doesn't fit"),
        ((2, 3, 8, 8), r"sample of shape \(3, 8, 8\) doesn't fit layer '0'"),
        ((2, 1, 12, 8), r"sample of shape \(1, 12, 8\) doesn't fit layer '9'"),
    ],
)
def test_samples_of_the_wrong_shape(shape: tuple[int, ...], message: str) -> None:
    """The message says which shape was given and what the network takes, or where it fails."""
    with pytest.raises(InvalidGraph, match=message):
        freeze(networked(conv_body()), torch.zeros(shape))


@pytest.mark.parametrize("shape", [(3, 2, 7), (5, 0, 7), (5,)])
def test_sequences_of_the_wrong_shape(shape: tuple[int, ...]) -> None:
    """A sequence needs T steps and at least one sample."""
    network = networked(nn.Sequential(nn.Linear(7, 9), LIF(), nn.Linear(9, 3)), time_steps=5)
    network.sequence = True
    with pytest.raises(InvalidGraph, match=r"isn't \[T=5, B, \.\.\.\] with B >= 1"):
        freeze(network, torch.zeros(shape))


def test_a_bare_module_must_know_its_steps() -> None:
    """Without T there is no network to freeze; the message says how to give it."""
    with pytest.raises(InvalidGraph, match=r"Sequential doesn't say its time steps.*Spiking"):
        freeze(conv_body(), images_for(SHAPE))


def test_arguments_that_can_not_be_meant() -> None:
    """An unknown strategy names the known ones; class names must fit the outputs."""
    network = networked(conv_body())
    with pytest.raises(ConfigError, match=r"strategy 'median': unknown\. Known: mean"):
        freeze(network, images_for(SHAPE), strategy="median")
    with pytest.raises(ConfigError, match="2 class names for 5 outputs"):
        freeze(network, images_for(SHAPE), classes=("yes", "no"))


def test_a_threshold_that_is_not_positive_stops_freezing() -> None:
    """Trained thresholds may reach 0; they can't be divided by."""
    network = SpikingNetwork(tiny_module(), 2)
    METHODS["ds-atgo"].prepare(network, METHODS["ds-atgo"].options())
    rule = network.body.get_submodule("2").threshold_rule
    assert isinstance(rule, AdaptiveThreshold)
    rule.running[1] = -0.01
    with pytest.raises(LimitExceeded, match=r"layer '2', step 1: threshold -0\.01"):
        freeze(network, images_for(SHAPE))


def test_a_decay_without_leak_stops_freezing() -> None:
    """The portable encoding needs a leak; the layer is named."""
    network = networked(conv_body())
    with torch.no_grad():
        dict(network.neurons())["6"].decay_logit.fill_(12.0)
    with pytest.raises(LimitExceeded, match=r"layer '6': decay 0\.999994 rounds to 4096/"):
        freeze(network, images_for(SHAPE))
