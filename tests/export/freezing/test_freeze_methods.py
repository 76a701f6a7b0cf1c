"""Freezing what methods add to a network: heads go, step weights come along."""

from pathlib import Path

import numpy as np
import pytest
import torch

from export.executor import logits, run_graph
from export.freezing import freeze
from export.nir_file import read_nir, write_nir
from export.nir_metadata import read_facts
from tests.tiny_training import copied_state, few_digits, same_state
from tests.torch_networks import assert_lively
from tests.two_stages import two_stage_module
from trainers import fit
from trainers.evaluation import evaluate
from trainers.methods import METHODS
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF


def trained(*methods: str) -> SpikingNetwork:
    """Two epochs of the two-stage network."""
    torch.manual_seed(0)
    return fit(
        two_stage_module(), few_digits(), method=methods, time_steps=3, epochs=2, batch_size=8,
        learning_rate=0.03, device="cpu",
    ).network  # fmt: skip


def test_heads_and_surrogates_are_dropped(tmp_path: Path) -> None:
    """The graph of a DeepTAGE network is the one of its body alone, byte for byte."""
    network = trained("deeptage")
    assert len(network.auxiliary) == 1
    before = copied_state(network)
    sample = few_digits().validation.inputs[:1]
    graph = freeze(network, sample, method=("deeptage",))
    write_nir(graph, tmp_path / "whole.nir")
    assert same_state(copied_state(network), before)
    modules = read_facts(graph).modules
    assert set(modules.values()) <= {name for name, _ in network.body.named_modules()}
    assert [node for node in modules if node.endswith("lif")] == ["l001_lif", "l004_lif"]
    body = SpikingNetwork(two_stage_module(), 3)
    METHODS["baseline"].prepare(body, METHODS["baseline"].options())
    body.body.load_state_dict(network.body.state_dict())
    write_nir(freeze(body, sample, method=("deeptage",)), tmp_path / "body.nir")
    assert (tmp_path / "whole.nir").read_bytes() == (tmp_path / "body.nir").read_bytes()


def test_a_deeptage_network_fires_alike_when_frozen() -> None:
    """Threshold 1 and decay 0.5 are exact on the chip's grid, so every spike is the same."""
    network = trained("deeptage").double()
    assert all(float(neuron.decay.detach()) == 0.5 for _, neuron in network.neurons())
    split = few_digits().test
    expected = evaluate(network, split, record_spikes=True)
    graph = freeze(network, split.inputs[:1])
    facts = read_facts(graph)
    run = run_graph(graph, split.inputs[:])
    assert_lively(run.spikes)
    for node, fired in run.spikes.items():
        assert (fired == expected.spikes[facts.modules[node]]).mean() > 0.9999
    assert logits(run.outputs, facts).argmax(axis=1) == pytest.approx(
        expected.logits.argmax(axis=1)
    )


@pytest.mark.parametrize("methods", [("two",), ("deeptage", "two"), ("msg", "two")])
def test_step_weights_arrive_in_the_facts(methods: tuple[str, ...], tmp_path: Path) -> None:
    """The readout's weights, number for number, also after the file; logits are weighted."""
    network = trained(*methods)
    for _, neuron in network.neurons():
        # On the chip's grid, so that freezing changes no decay.
        LIF.set_decay(neuron, 0.5)
    split = few_digits().test
    write_nir(freeze(network, split.inputs[:1], method=methods), tmp_path / "model.nir")
    graph = read_nir(tmp_path / "model.nir")
    facts = read_facts(graph)
    buffer = network.state_dict()["readout.step_weights"]
    assert facts.readout.weights == tuple(buffer.double().tolist())
    assert len(set(facts.readout.weights)) > 1
    assert facts.method == methods
    run = run_graph(graph, split.inputs[:])
    weighted = (np.array(facts.readout.weights)[:, None, None] * run.outputs).mean(axis=0)
    assert logits(run.outputs, facts) == pytest.approx(weighted, rel=1e-5, abs=1e-5)
    assert logits(run.outputs, facts) != pytest.approx(run.outputs.mean(axis=0), rel=1e-3)
    agree = logits(run.outputs, facts).argmax(axis=1) == (
        evaluate(network, split).logits.argmax(axis=1)
    )
    assert agree.mean() > 0.95
