"""Both ONNX graphs of every network of the table, under thresholds and readouts of every kind."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import nir
import numpy as np
import onnx
import pytest
import torch

from export.errors import InvalidGraph
from export.executor import logits, run_graph
from export.freezing import freeze
from export.nir_metadata import ReadoutFacts, attach_facts, read_facts
from export.onnx import Int8Weights, build_scan, build_step, with_spikes
from tests.frozen_networks import conv_network
from tests.onnx_evaluators import in_onnxruntime
from tests.torch_networks import assert_lively, images_for, networked
from tests.whole_networks import built
from trainers.methods import METHODS
from trainers.methods.adaptive_threshold import AdaptiveThreshold
from trainers.network import SpikingNetwork
from trainers.networks import NETWORKS

T = 3
SMALL: dict[str, dict[str, Any]] = {
    "conv-small": {"channels": [4, 6]},
    "mlp": {"hidden": [20, 10]},
    "recurrent": {"hidden": [12, 9]},
}
"""Options of the networks that have no width below 1."""

NARROW = {"width": 0.0625}
KINDS = ("constant", "schedule", "adaptation")
BUILDS: dict[str, Callable[[nir.NIRGraph], onnx.ModelProto]] = {
    "scan": build_scan,
    "step": build_step,
    "int8 scan": lambda graph: build_scan(graph, int8=Int8Weights()),
}


def trained(name: str, kind: str) -> tuple[SpikingNetwork, torch.Tensor]:
    """The network with random weights and norms, thresholds of that kind, and inputs."""
    sequence = name == "recurrent"
    shape = (7,) if sequence else (2, 16, 16)
    body = built(name, shape, 5, **SMALL.get(name, NARROW))
    network = networked(body, time_steps=T)
    network.sequence = sequence
    generator = torch.Generator().manual_seed(4)
    if kind == "schedule":
        METHODS["ds-atgo"].prepare(network, METHODS["ds-atgo"].options())
    if kind == "adaptation":
        METHODS["alif"].prepare(
            network, METHODS["alif"].options(**{"threshold": 0.4, "tau_a": 3.0})
        )
    for _, neuron in network.neurons():
        neuron.set_decay(0.5)
        if isinstance(neuron.threshold_rule, AdaptiveThreshold):
            neuron.threshold_rule.running.copy_(0.3 + torch.rand(T, generator=generator))
    network.double().eval()
    if sequence:
        return network, torch.rand(T, 6, *shape, generator=generator, dtype=torch.float64)
    return network, images_for(shape, 6)


@cache
def frozen(name: str, kind: str) -> nir.NIRGraph:
    """The graph, whose readout weighs the steps unless thresholds move."""
    network, inputs = trained(name, kind)
    graph = freeze(network, inputs, strategy="schedule", input_scale=1 / 255)
    if kind == "constant":
        facts = read_facts(graph)
        readout = ReadoutFacts(weights=(0.5, 1.0, 1.5))
        attach_facts(graph, facts.model_copy(update={"readout": readout}))
    return graph


@pytest.mark.parametrize("build", BUILDS.values(), ids=BUILDS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NETWORKS)
def test_checker_shapes_and_metadata(
    name: str, kind: str, build: Callable[[nir.NIRGraph], onnx.ModelProto]
) -> None:
    """Full checker, strict shape and type inference with data, opset 17, IR 9, and what it says."""
    graph = frozen(name, kind)
    for model in (build(graph), with_spikes(build(graph))):
        onnx.checker.check_model(model, full_check=True)
        onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    model = build(graph)
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 17)]
    assert model.ir_version == 9
    facts = read_facts(graph)
    says = {entry.key: entry.value for entry in model.metadata_props}
    assert says.keys() >= {
        "spikeport", "spikeport_version", "dt_s", "neuron", "reset", "discretization",
        "time_steps", "input_form", "input_scale", "input_shapes", "output_shapes", "state_shapes",
        "readout", "weights",
    }  # fmt: skip
    assert (float(says["dt_s"]), float(says["input_scale"])) == (1e-4, 1 / 255)
    assert (says["reset"], says["time_steps"]) == ("zero", str(T))
    assert says["discretization"] == facts.discretization
    assert json.loads(says["input_shapes"]).keys() == {value.name for value in model.graph.input}
    outputs = json.loads(says["output_shapes"])
    assert outputs.keys() == {value.name for value in model.graph.output}
    assert outputs["logits" if "logits" in outputs else "output"] == ["batch", 5]
    assert ("threshold_schedule" in says) == (kind == "schedule")
    assert ("threshold_adaptation" in says) == (kind == "adaptation")
    assert ("recurrence" in says) == (name == "recurrent")
    assert ("w[t]" in says["readout"]) == (kind == "constant")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NETWORKS)
def test_the_scan_equals_the_executor(name: str, kind: str) -> None:
    """Every spike and the weighted logits, in ONNX Runtime."""
    graph = frozen(name, kind)
    _, inputs = trained(name, kind)
    given = (inputs.transpose(0, 1) if name == "recurrent" else inputs).numpy().astype(np.float32)
    run = run_graph(graph, given)
    results = in_onnxruntime(with_spikes(build_scan(graph)), {"input": given})
    assert_lively(run.spikes)
    for layer, spikes in run.spikes.items():
        np.testing.assert_array_equal(results[f"s_{layer}"], spikes)
    expected = logits(run.outputs, read_facts(graph))
    np.testing.assert_allclose(results["logits"], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("build", [build_scan, build_step])
def test_names_that_come_to_one_tensor(build: Callable[[nir.NIRGraph], onnx.ModelProto]) -> None:
    """Two nodes never write one tensor in silence."""
    names = {"l004_lif": "l001_lif_next"}
    graph = conv_network()
    graph.nodes = {names.get(name, name): node for name, node in graph.nodes.items()}
    graph.edges = [(names.get(a, a), names.get(b, b)) for a, b in graph.edges]
    with pytest.raises(InvalidGraph, match=r"ONNX tensor 'v_l001_lif_next': two nodes"):
        build(graph)
