"""Both ONNX graphs with thresholds that move, in two runtimes, against the executor."""

import json
from typing import Any

import nir
import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx.reference import ReferenceEvaluator
from torch import nn

from export.executor import logits, run_graph
from export.freezing import freeze
from export.nir_metadata import FrozenFacts, attach_facts, read_facts
from export.onnx import build_scan, build_step, with_spikes
from tests.moving_networks import BODIES, adaptive, inputs, scheduled
from tests.onnx_evaluators import in_onnxruntime, in_reference
from tests.torch_networks import assert_lively, networked
from trainers.methods import METHODS
from trainers.neurons.lif import LIF

Arrays = dict[str, np.ndarray]
IMAGES = inputs().numpy().astype(np.float32)


def frozen(kind: str, body: str, seed: int) -> nir.NIRGraph:
    """A schedule, an adaptation, or both at once, which no method trains."""
    network = scheduled(body, seed) if kind == "schedule" else adaptive(body, seed)
    graph = freeze(network, inputs(), strategy="schedule")
    if kind != "both":
        return graph
    facts = read_facts(graph)
    thresholds = {
        node: threshold.model_copy(
            update={"per_step": tuple(threshold.value * f for f in (0.9, 1.2, 0.7, 1.1 + 0.1 * k))}
        )
        for k, (node, threshold) in enumerate(facts.thresholds.items())
    }
    attach_facts(graph, facts.model_copy(update={"thresholds": thresholds}))
    return graph


def stepped(model: onnx.ModelProto, facts: FrozenFacts, steps: int, runtime: str) -> list[Arrays]:
    """What the step graph returns when its state goes from call to call."""
    session: Any = (
        onnxruntime.InferenceSession(model.SerializeToString())
        if runtime == "onnxruntime"
        else ReferenceEvaluator(model)
    )
    names = [output.name for output in model.graph.output]
    given = {value.name for value in model.graph.input}
    properties = {entry.key: entry.value for entry in model.metadata_props}
    state = {
        name: np.zeros((len(IMAGES), *shape), np.float32)
        for name, shape in json.loads(properties["state_shapes"]).items()
    }
    found = []
    for t in range(steps):
        number = {"step": np.array(t, np.int64)} if "step" in given else {}
        results = session.run(names, {"input": IMAGES, **state, **number})
        found.append(dict(zip(names, results, strict=True)))
        state = {name: found[-1][f"{name}_next"] for name in state}
    return found


@pytest.mark.parametrize("evaluate", [in_onnxruntime, in_reference])
@pytest.mark.parametrize("steps", [None, 2, 9])
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("kind", ["schedule", "adaptation", "both"])
def test_the_scan_equals_the_executor(
    kind: str, body: str, seed: int, steps: int | None, evaluate: Any
) -> None:
    """Every spike, for the trained T, fewer steps, and more: there the last threshold repeats."""
    graph = frozen(kind, body, seed)
    run = run_graph(graph, IMAGES, time_steps=steps)
    feeds: dict[str, Any] = {"input": IMAGES}
    if steps is not None:
        feeds["time_steps"] = np.array(steps, np.int64)
    results = evaluate(with_spikes(build_scan(graph)), feeds)
    assert_lively(run.spikes)
    for layer, spikes in run.spikes.items():
        np.testing.assert_array_equal(results[f"s_{layer}"], spikes)
    np.testing.assert_allclose(results["outputs"], run.outputs, rtol=1e-5, atol=2e-6)
    expected = logits(run.outputs, read_facts(graph))
    np.testing.assert_allclose(results["logits"], expected, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("runtime", ["onnxruntime", "reference"])
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("kind", ["schedule", "adaptation", "both"])
def test_the_step_graph_equals_the_executor(kind: str, body: str, seed: int, runtime: str) -> None:
    """Every spike of every step, two steps past the trained T included."""
    graph = frozen(kind, body, seed)
    facts = read_facts(graph)
    steps = facts.time_steps + 2
    run = run_graph(graph, IMAGES, time_steps=steps)
    found = stepped(with_spikes(build_step(graph)), facts, steps, runtime)
    for t, results in enumerate(found):
        np.testing.assert_allclose(results["output"], run.outputs[t], rtol=1e-5, atol=2e-6)
        for layer, spikes in run.spikes.items():
            np.testing.assert_array_equal(results[f"s_{layer}"], spikes[t])


@pytest.mark.parametrize("steps", [3, 5, 8])
def test_a_sequence_of_any_length(steps: int) -> None:
    """The row of the schedule follows the sequence's own time."""
    body = nn.Sequential(nn.Linear(7, 20), LIF(0.5), nn.Linear(20, 3))
    network = networked(body, time_steps=5)
    METHODS["ds-atgo"].prepare(network, METHODS["ds-atgo"].options())
    network.double().eval()
    neuron = dict(network.neurons())["1"]
    neuron.set_decay(0.5)
    running = neuron.threshold_rule.state_dict()["running"]
    running.copy_(torch.tensor([0.2, 0.9, 0.4, 1.1, 0.6]))
    network.sequence = True
    trains = torch.rand(5, 9, 7, generator=torch.Generator().manual_seed(0)).double()
    graph = freeze(network, trains, strategy="schedule")
    given = np.random.default_rng(1).random((9, steps, 7), dtype=np.float32)
    run = run_graph(graph, given, time_steps=steps)
    results = in_onnxruntime(with_spikes(build_scan(graph)), {"input": given})
    assert_lively(run.spikes)
    np.testing.assert_array_equal(results["s_l001_lif"], run.spikes["l001_lif"])


def test_neurons_with_thresholds_of_their_own_keep_them() -> None:
    """A graph from elsewhere may have one per neuron; the factors apply to each."""
    graph = frozen("schedule", "flat", 0)
    lif = graph.nodes["l002_lif"]
    lif.v_threshold = lif.v_threshold * np.linspace(0.7, 1.3, lif.v_threshold.size)
    run = run_graph(graph, IMAGES)
    results = in_onnxruntime(with_spikes(build_scan(graph)), {"input": IMAGES})
    found = stepped(with_spikes(build_step(graph)), read_facts(graph), 4, "onnxruntime")
    for layer, spikes in run.spikes.items():
        np.testing.assert_array_equal(results[f"s_{layer}"], spikes)
        np.testing.assert_array_equal(np.stack([step[f"s_{layer}"] for step in found]), spikes)


@pytest.mark.parametrize("kind", ["schedule", "adaptation", "both"])
def test_checker_version_and_metadata(kind: str) -> None:
    """Strict shapes at opset 17 and IR 9; the metadata says how thresholds move."""
    graph = frozen(kind, "convolutions", 0)
    for model in (build_scan(graph), build_step(graph)):
        onnx.checker.check_model(model, full_check=True)
        onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
        assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 17)]
        assert model.ir_version == 9
        properties = {entry.key: entry.value for entry in model.metadata_props}
        states = set(json.loads(properties["state_shapes"]))
        assert ("threshold_schedule" in properties) == (kind != "adaptation")
        assert ("threshold_adaptation" in properties) == (kind != "schedule")
        assert ("a_l001_lif" in states) == (kind != "schedule")
        assert FrozenFacts.model_validate_json(properties["spikeport"]) == read_facts(graph)
    names = [value.name for value in build_step(graph).graph.input]
    assert ("step" in names) == (kind != "adaptation")
