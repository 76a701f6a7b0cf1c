"""What profiles have in common, and what each refuses, in memory."""

import copy
from collections.abc import Callable
from itertools import pairwise

import nir
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from export.errors import InvalidGraph, UnsupportedLayer
from export.executor import run_graph
from export.flattened import flattened
from export.freezing import freeze
from export.nir_file import read_nir, write_nir
from export.nir_metadata import attach_facts, read_facts
from export.profiles import PROFILES
from export.profiles.features import FEATURES, features
from export.profiles.refusals import REFUSALS
from tests.folding_check import as_bytes
from tests.random_frozen import (
    DT,
    KINDS,
    N,
    affine,
    chain,
    dense,
    ends,
    inputs,
    lively,
    neuron,
    per_neuron,
    pooled,
    recurrent,
    ruled,
)
from tests.torch_networks import conv_body, images_for, networked

OURS = ("portable", "cuba", "physical")


@pytest.mark.parametrize("seed", [0, 1])
def test_portable_leaves_a_frozen_network_as_it_is(seed: int) -> None:
    """Freezing writes the portable form already, to the last bit of every parameter."""
    graph = freeze(networked(conv_body(), seed=seed), images_for((1, 8, 8)))
    written = PROFILES["portable"].encode(graph)
    assert list(written.nodes) == list(graph.nodes)
    assert sorted(written.edges) == sorted(graph.edges)
    assert read_facts(written) == read_facts(graph)
    for name, node in graph.nodes.items():
        for key, value in vars(node).items():
            found = getattr(written.nodes[name], key)
            if isinstance(value, np.ndarray):
                assert (found.dtype, found.tobytes()) == (value.dtype, value.tobytes()), (name, key)
            elif not isinstance(value, dict):
                assert found == value, (name, key)


@settings(max_examples=40, deadline=None)
@given(
    decays=st.tuples(st.integers(0, 4095), st.integers(0, 4095)),
    threshold=st.floats(0.05, 20.0),
    route=st.permutations(OURS),
)
def test_any_route_through_the_encodings_is_lossless(
    decays: tuple[int, int], threshold: float, route: list[str]
) -> None:
    """C2, U and physical in any order come back with the same thresholds to the last few bits."""
    graph = dense(0, (decays[0] / 4096, decays[1] / 4096), threshold=threshold)
    for name in route:
        graph = PROFILES[name].encode(graph)
    back = PROFILES["physical"].encode(graph)
    for name, decay in zip(("l001_lif", "l003_lif"), decays, strict=True):
        node = back.nodes[name]
        np.testing.assert_allclose(node.v_threshold, threshold, rtol=1e-15)
        np.testing.assert_array_equal(node.tau, DT / (1 - decay / 4096))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("profile", OURS)
def test_our_own_executor_reads_the_same_network(profile: str, kind: str, tmp_path: object) -> None:
    """Read back from the file, the same spikes and outputs; the given graph is left alone."""
    graph = lively(KINDS[kind], 3)
    given_bytes = as_bytes(graph)
    try:
        written = PROFILES[profile].encode(graph)
    except UnsupportedLayer:
        assert profile != "physical" or "lagging" in kind or read_facts(graph).resets
        return
    assert as_bytes(graph) == given_bytes
    write_nir(written, f"{tmp_path}/model.nir")
    back = read_nir(f"{tmp_path}/model.nir")
    samples = inputs(graph)
    expected, found = run_graph(graph, samples), run_graph(back, samples)
    for (name, fired), same in zip(expected.spikes.items(), found.spikes.values(), strict=True):
        np.testing.assert_array_equal(fired, same, err_msg=name)
    np.testing.assert_allclose(found.outputs, expected.outputs, rtol=0, atol=1e-9)


@pytest.mark.parametrize("profile", PROFILES)
def test_parameters_are_full_size_and_typed(profile: str) -> None:
    """Neurons float64 in full, weights float32, a bias everywhere, names in order, no dots."""
    kind = "forgetting" if profile in ("rockpool", "spyx") else "recurrent"
    written = PROFILES[profile].encode(lively(KINDS[kind], 1))
    names = list(written.nodes)
    assert names == sorted(names)
    assert (names[0], names[-1]) == ("input", "output")
    assert not any("." in name for name in names)
    for node in flattened(written).nodes.values():
        if isinstance(node, nir.Affine):
            assert node.weight.dtype == node.bias.dtype == np.float32
        for key in ("tau", "tau_mem", "tau_syn", "r", "w_in", "v_threshold", "v_reset", "v_leak"):
            if hasattr(node, key):
                array = getattr(node, key)
                assert array.dtype == np.float64
                assert array.shape == tuple(node.input_type["input"])


def test_loops_become_nested_graphs_and_their_facts_follow() -> None:
    """Under the names that flattening gives, whatever the loop was called before."""
    graph = recurrent(1)
    facts = read_facts(graph).model_copy(
        update={"decay_4096": {"l001_lif": 3482}, "modules": {"l002_w_rec": "body.1"}}
    )
    attach_facts(graph, facts)
    written = PROFILES["portable"].encode(graph)
    assert isinstance(written.nodes["l001_lif"], nir.NIRGraph)
    assert sorted(written.nodes["l001_lif"].nodes) == ["input", "l00_lif", "l01_w_rec", "output"]
    found = read_facts(written)
    assert found.decay_4096 == {"l001_lif.l00_lif": 3482}
    assert found.modules == {"l001_lif.l01_w_rec": "body.1"}
    assert as_bytes(PROFILES["portable"].encode(written)) == as_bytes(written)


def test_other_peoples_names_give_way_to_ordered_ones() -> None:
    """Dots, keywords and names that sort otherwise: input, l000_fc, l001_lif, ..., output."""
    graph = dense(1)
    old = dict(zip(graph.nodes, ("x", "z.if", "if", "b", "a", "10", "9"), strict=True))
    nodes = {old[name]: node for name, node in graph.nodes.items()}
    other = nir.NIRGraph(nodes, list(pairwise(nodes)), dict(graph.metadata), type_check=False)
    written = PROFILES["portable"].encode(other)
    assert list(written.nodes) == list(graph.nodes)
    expected, found = run_graph(graph, inputs(graph)), run_graph(written, inputs(graph))
    np.testing.assert_array_equal(expected.outputs, found.outputs)


@pytest.mark.parametrize("profile", ["sinabs", "rockpool", "spyx"])
def test_files_for_one_tool_are_no_frozen_networks_of_ours(profile: str) -> None:
    """Their tau means something else, so our readers must not run them by the book."""
    written = PROFILES[profile].encode(lively(KINDS["forgetting"], 1))
    with pytest.raises(InvalidGraph, match="written by another tool"):
        read_facts(written)
    assert written.metadata["profile"] == profile
    assert written.metadata["dt"] == DT


def _pooling(kind: type[nir.NIRNode], padding: int) -> nir.NIRGraph:
    draw = np.random.default_rng(0)
    pair = np.array([2, 2])
    size = 2 + padding
    return chain(ends((1, 4, 4), (3,), {
        "l000_lif": neuron((1, 4, 4), 0.5),
        "l001_pool": kind(pair, pair, np.array([padding] * 2)),
        "l002_flatten": nir.Flatten({"input": np.array([1, size, size])}, 0, -1),
        "l003_fc": affine(draw, 3, size * size),
    }))  # fmt: skip


def _conv1d() -> nir.NIRGraph:
    weight = np.random.default_rng(0).normal(size=(3, 2, 3)).astype(np.float32)
    return chain(ends((2, 5), (15,), {
        "l000_conv": nir.Conv1d(5, weight, 1, 1, 1, 1, np.zeros(3, np.float32)),
        "l001_lif": neuron((3, 5), 0.5),
        "l002_flatten": nir.Flatten({"input": np.array([3, 5])}, 0, -1),
    }))  # fmt: skip


def _long_loop() -> nir.NIRGraph:
    draw = np.random.default_rng(0)
    graph = dense(1)
    graph.nodes["l005_back"] = affine(draw, 14, 11)
    graph.edges += [("l003_lif", "l005_back"), ("l005_back", "l001_lif")]
    return graph


def _read_twice() -> nir.NIRGraph:
    graph = recurrent(1)
    graph.edges.append(("l002_w_rec", "l003_fc"))
    return graph


def _thresholds() -> nir.NIRGraph:
    graph = dense(1)
    graph.nodes["l003_lif"].v_threshold = np.linspace(0.5, 1.5, 11)
    return graph


REFUSED: list[tuple[str, Callable[[], nir.NIRGraph], str]] = [
    ("portable", lambda: per_neuron(1), "its neurons differ in decay; .* Use target nir-cuba"),
    ("portable", lambda: dense(1, synapse=0.5), "has a synapse of its own; .* nir-cuba"),
    ("portable", lambda: dense(1, leak=0.2), "v_leak isn't 0; .* nir-physical"),
    ("portable", lambda: dense(1, reset=-0.3), "v_reset isn't 0; .* nir-physical"),
    ("cuba", lambda: dense(1, reset=-0.3), "v_reset isn't 0; .* nir-physical"),
    ("portable", _thresholds, "'l003_lif': its neurons differ in threshold; .* nir-physical"),
    ("portable", _conv1d, "'l000_conv': is Conv1d; .* nir-physical"),
    ("portable", lambda: _pooling(nir.AvgPool2d, 0), "'l001_pool': is AvgPool2d; .*Norse makes"),
    ("portable", lambda: _pooling(nir.SumPool2d, 1), "'l001_pool': pads its pooling by"),
    ("portable", _long_loop, "'l001_lif': 'l005_back' closes a loop that .* nir-physical"),
    ("portable", _read_twice, "'l001_lif': 'l002_w_rec' closes a loop that .* nir-physical"),
    ("portable", lambda: ruled(dense(1), "subtract"), "reset by rule 'subtract'; .* executor"),
    ("cuba", lambda: dense(1, (1.0, 0.5)), "'l001_lif': never leaks; .* Use target nir,"),
    ("sinabs", lambda: pooled(1), "leaks in a layer of shape .*one dimension only.* target nir"),
    ("sinabs", lambda: dense(1, synapse=0.5), "has a synapse of its own; .* nir-cuba"),
    ("rockpool", lambda: dense(1), "remembers .decay 0.9. and resets to zero; .* target nir"),
    ("rockpool", lambda: pooled(1, 0.0), "'l000_conv': is Conv2d; .* doesn't map it"),
    ("spyx", lambda: dense(1), "remembers .decay 0.9. and resets to zero; .* target nir"),
    ("spyx", lambda: recurrent(1, 0.0), "is part of a branch or a loop; .* target nir"),
    ("spyx", lambda: ruled(dense(1), "subtract-delayed"), "its spikes arrive 0 steps late; "),
]


@pytest.mark.parametrize(("profile", "make", "says"), REFUSED)
def test_what_a_tool_cant_run_is_refused_by_name(
    profile: str, make: Callable[[], nir.NIRGraph], says: str
) -> None:
    """One line with the node, what it does, why not, and the target that could."""
    with pytest.raises(UnsupportedLayer, match=says) as refusal:
        PROFILES[profile].encode(make())
    assert "\n" not in str(refusal.value)
    assert f"profile {profile} can't hold that" in str(refusal.value)


@pytest.mark.parametrize(
    "make",
    [
        _conv1d, _long_loop, _thresholds, lambda: _pooling(nir.AvgPool2d, 0),
        lambda: _pooling(nir.SumPool2d, 1),
    ],
)  # fmt: skip
def test_physical_holds_what_the_others_refuse(make: Callable[[], nir.NIRGraph]) -> None:
    """As NIR's equations say, in our own executor."""
    graph = make()
    written = PROFILES["physical"].encode(graph)
    samples = inputs(graph)
    assert samples.shape[0] == N
    expected, found = run_graph(graph, samples), run_graph(written, samples)
    for (name, fired), same in zip(expected.spikes.items(), found.spikes.values(), strict=True):
        assert fired.any()
        np.testing.assert_array_equal(fired, same, err_msg=name)


def test_the_tables_of_features_and_refusals_agree() -> None:
    """Every excuse is a feature that networks can be seen to have, for tools that profiles name."""
    known = {name for excuses in REFUSALS.values() for name in excuses}
    assert known <= FEATURES.keys()
    tools = {tool for profile in PROFILES.values() for tool in profile.tools}
    assert tools | {"onnxruntime", "onnx reference"} == REFUSALS.keys()
    assert all(why for excuses in REFUSALS.values() for why in excuses.values())


def test_features_are_seen() -> None:
    """Each where it is, and nothing more."""
    seen = {kind: features(make(1)) for kind, make in KINDS.items()}
    assert seen["dense"] == {"dense", "hard reset"}
    assert seen["conv"] == {
        "conv", "dense", "flatten", "hard reset", "leaky image layer", "sum pooling",
    }  # fmt: skip
    assert seen["recurrent-bias"] == {"dense", "hard reset", "recurrent", "recurrent bias"}
    assert seen["per-neuron"] == {"dense", "hard reset", "per-neuron decay"}
    assert seen["forgetting"] == {"dense", "decay 0"}
    assert seen["one-step"] == {"dense"}
    assert seen["later-lagging"] == {"dense", "delay", "subtract later"}
    assert {"other loop", "branch"} <= features(_long_loop())
    assert "padded pooling" in features(_pooling(nir.SumPool2d, 1))
    assert "average pooling" in features(_pooling(nir.AvgPool2d, 0))
    assert "conv1d" in features(_conv1d())
    assert "per-neuron threshold" in features(_thresholds())


def test_weights_beyond_float32_are_refused() -> None:
    """Rather than written as infinity."""
    graph = dense(1)
    graph.nodes["l002_fc"].weight = (
        copy.deepcopy(graph.nodes["l002_fc"].weight).astype(float) * 1e39
    )
    with pytest.raises(InvalidGraph, match="'l002_fc': its weights leave float32"):
        PROFILES["portable"].encode(graph)


def test_every_decay_of_the_grid_comes_back_exactly() -> None:
    """1 - dt/tau alone misses one in twenty by a bit, which a tie with the threshold would show."""
    grid = np.arange(4096) / 4096
    draw = np.random.default_rng(0)
    graph = chain(ends((3,), (2,), {
        "l000_fc": affine(draw, 4096, 3), "l001_lif": neuron((4096,), grid, threshold=0.3),
        "l002_fc": affine(draw, 2, 4096),
    }))  # fmt: skip
    assert (1 - DT / graph.nodes["l001_lif"].tau != grid).any()
    for name in ("cuba", "physical"):
        graph = PROFILES[name].encode(graph)
        node = graph.nodes["l001_lif"]
        tau = node.tau_mem if name == "cuba" else node.tau
        np.testing.assert_array_equal(tau, DT / (1 - grid))
        np.testing.assert_array_equal(node.v_threshold, np.full(4096, 0.3))


def test_spyx_delays_are_its_own() -> None:
    """The step that Spyx takes by itself isn't written as a node too."""
    written = PROFILES["spyx"].encode(lively(KINDS["later-lagging"], 1))
    assert [type(node) for node in written.nodes.values()] == [
        nir.Input, nir.Affine, nir.LIF, nir.Affine, nir.LIF, nir.Affine, nir.Output,
    ]  # fmt: skip
