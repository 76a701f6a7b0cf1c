"""Both ONNX graphs of networks that feed themselves and of neurons with synapses."""

import json
from typing import Any

import nir
import numpy as np
import onnx
import onnxruntime
import pytest
from onnx.reference import ReferenceEvaluator

from export.executor import logits, run_graph
from export.nir_metadata import read_facts
from export.onnx import build_scan, build_step, with_spikes
from tests.onnx_evaluators import in_onnxruntime, in_reference
from tests.other_networks import dense_network, odd_images, odd_network, spike_trains
from tests.primitive_networks import cuba, loops, trains
from tests.torch_networks import assert_lively

Case = tuple[nir.NIRGraph, np.ndarray]


def with_synapses(graph: nir.NIRGraph, nodes: tuple[str, ...], seed: int) -> nir.NIRGraph:
    """Populations replaced by CubaLIF of random parameters."""
    rng = np.random.default_rng(seed)
    for name in nodes:
        shape = graph.nodes[name].v_threshold.shape
        cell = cuba(rng, int(np.prod(shape)))
        for key, value in vars(cell).items():
            if isinstance(value, np.ndarray):
                setattr(cell, key, value.reshape(shape))
        graph.nodes[name] = cell
    return graph


def nested(kind: str) -> nir.NIRGraph:
    """`loops` with its second population and that one's weights in a graph of their own."""
    flat = loops(kind)
    inner_names = {"e_lif": "lif", "f_rec": "w_rec"}
    inner = nir.NIRGraph(
        {
            "input": nir.Input(np.array([10])),
            **{inner_names[name]: flat.nodes[name] for name in inner_names},
            "output": nir.Output(np.array([10])),
        },
        [("input", "lif"), ("lif", "w_rec"), ("w_rec", "lif"), ("lif", "output")],
        type_check=False,
    )
    nodes = {name: node for name, node in flat.nodes.items() if name not in inner_names}
    edges = [
        ("e_rec" if a == "e_lif" else a, "e_rec" if b == "e_lif" else b)
        for a, b in flat.edges
        if "f_rec" not in (a, b)
    ]
    return nir.NIRGraph(nodes | {"e_rec": inner}, edges, metadata=flat.metadata, type_check=False)


def loop_without_weights() -> nir.NIRGraph:
    """A population's own spikes, and a later one's, enter it as they are."""
    graph = dense_network()
    graph.nodes["l005_linear"] = nir.Linear(
        np.random.default_rng(3).normal(size=(32, 16)).astype(np.float32) * 0.3
    )
    graph.edges += [
        ("l001_lif", "l001_lif"), ("l003_lif", "l005_linear"), ("l005_linear", "l001_lif")
    ]  # fmt: skip
    return graph


def cases() -> dict[str, Case]:
    """Each network with its inputs, by name."""
    loop = loops()
    return {
        "two loops": (loop, trains(loop, 6)),
        "two loops of synapses": (loops("cuba"), trains(loop, 6)),
        "nested": (nested("lif"), trains(loop, 6)),
        "nested synapses": (nested("cuba"), trains(loop, 6)),
        "no weights": (loop_without_weights(), spike_trains(6)),
        "synapses": (with_synapses(dense_network(), ("l001_lif", "l003_lif"), 2), spike_trains(6)),
        "images": (with_synapses(odd_network(), ("b_lif",), 1), odd_images(7)),
    }


CASES = cases()


@pytest.mark.parametrize("evaluate", [in_onnxruntime, in_reference])
@pytest.mark.parametrize("name", CASES)
def test_the_scan_equals_the_executor(name: str, evaluate: Any) -> None:
    """Every spike of every step is equal, outputs and logits up to float32."""
    graph, inputs = CASES[name]
    run = run_graph(graph, inputs)
    results = evaluate(with_spikes(build_scan(graph)), {"input": inputs})
    assert_lively(run.spikes)
    assert {f"s_{layer}" for layer in run.spikes} <= results.keys()
    for layer, spikes in run.spikes.items():
        np.testing.assert_array_equal(results[f"s_{layer}"], spikes, err_msg=layer)
    np.testing.assert_allclose(results["outputs"], run.outputs, rtol=1e-5, atol=5e-6)
    expected = logits(run.outputs, read_facts(graph))
    np.testing.assert_allclose(results["logits"], expected, rtol=1e-5, atol=5e-6)


@pytest.mark.parametrize("runtime", ["onnxruntime", "reference"])
@pytest.mark.parametrize("name", CASES)
def test_the_step_graph_equals_the_executor(name: str, runtime: str) -> None:
    """The same step by step, all states going from call to call as the metadata names them."""
    graph, inputs = CASES[name]
    facts, run = read_facts(graph), run_graph(graph, inputs)
    model = with_spikes(build_step(graph))
    session: Any = (
        onnxruntime.InferenceSession(model.SerializeToString())
        if runtime == "onnxruntime"
        else ReferenceEvaluator(model)
    )
    names = [output.name for output in model.graph.output]
    shapes = json.loads({e.key: e.value for e in model.metadata_props}["state_shapes"])
    state = {n: np.zeros((len(inputs), *shape), np.float32) for n, shape in shapes.items()}
    assert {value.name for value in model.graph.input} == {"input", *state}
    for t in range(facts.time_steps):
        frame = inputs if facts.input.form == "static" else inputs[:, t]
        results = dict(zip(names, session.run(names, {"input": frame, **state}), strict=True))
        np.testing.assert_allclose(results["output"], run.outputs[t], rtol=1e-5, atol=5e-6)
        for layer, spikes in run.spikes.items():
            np.testing.assert_array_equal(results[f"s_{layer}"], spikes[t], err_msg=layer)
        state = {key: results[f"{key}_next"] for key in state}


@pytest.mark.parametrize("build", [build_scan, build_step])
@pytest.mark.parametrize("name", CASES)
def test_checker_and_strict_shapes(name: str, build: Any) -> None:
    """Names with dots included; the metadata tells synapses and loops."""
    graph, _ = CASES[name]
    for model in (build(graph), with_spikes(build(graph))):
        onnx.checker.check_model(model, full_check=True)
        onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    says = {entry.key: entry.value for entry in build(graph).metadata_props}
    assert ("recurrence" in says) == (name not in ("synapses", "images"))
    assert ("synapse" in says) == (name in ("synapses", "images") or "synapses" in name)


def test_states() -> None:
    """One per membrane, per synapse that lasts and per edge that closes a loop."""
    model = build_step(nested("cuba"))
    shapes = json.loads({e.key: e.value for e in model.metadata_props}["state_shapes"])
    assert shapes == {
        "v_b_lif": [12], "v_e_rec.lif": [10], "i_b_lif": [12], "i_e_rec.lif": [10],
        "prev_c_rec": [12], "prev_e_rec.w_rec": [10], "prev_g_back": [12],
    }  # fmt: skip


def test_a_synapse_of_one_step_has_no_state() -> None:
    """Encoding U is LIF in the form of CubaLIF: its synapse forgets at once."""
    graph = dense_network()
    lif = graph.nodes["l001_lif"]
    one = np.full(32, 1e-4)
    graph.nodes["l001_lif"] = nir.CubaLIF(
        tau_syn=one, tau_mem=lif.tau, r=lif.tau / 1e-4, v_leak=lif.v_leak,
        v_threshold=np.ones(32), v_reset=lif.v_reset, w_in=np.ones(32),
    )  # fmt: skip
    names = [value.name for value in build_step(graph).graph.input]
    assert names == ["input", "v_l001_lif", "v_l003_lif"]
    given = spike_trains(6)
    before = in_onnxruntime(with_spikes(build_scan(dense_network())), {"input": given})
    after = in_onnxruntime(with_spikes(build_scan(graph)), {"input": given})
    for key, values in before.items():
        np.testing.assert_array_equal(after[key], values)
