"""model.chip.onnx against slow big-integer oracles, in ONNX Runtime and ONNX's own evaluator."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from export.chip.graph import (
    ChipGraph,
    ChipInput,
    ConvProjection,
    DenseProjection,
    IntArray,
    Population,
    Readout,
)
from export.errors import InvalidGraph, LimitExceeded
from export.onnx.chip import ResetRule, build_chip_scan
from tests import chip_oracle
from tests.any_chip_graphs import any_graphs
from tests.chip_onnx_run import run_chip_onnx
from tests.onnx_evaluators import in_onnxruntime, in_reference
from tests.random_chip_graphs import Chain, integers
from tests.residual_graphs import driven, residual_graph
from tests.small_chip_graphs import chain, diamond, population, skip, spikes
from tests.window_oracle import window

RANGES = {"bias": (-4000, 4001), "spikes": (0, 2), "graded": (-(1 << 19), 1 << 19)}

PLAIN = {
    "Add", "BitShift", "Cast", "Clip", "Concat", "ConstantOfShape", "ConvInteger", "Div", "Expand",
    "Gather", "Greater", "Identity", "LessOrEqual", "MatMul", "MatMulInteger", "Mul", "Pad",
    "Range", "Reshape", "Scan", "Shape", "Slice", "Squeeze", "Sub", "Unsqueeze", "Where",
}  # fmt: skip

INTEGERS = {"BOOL", "UINT8", "INT16", "INT32", "UINT32", "INT64"}


def drawn(graph: ChipGraph, samples: int, steps: int, seed: int) -> IntArray:
    """Inputs of each step that reach far, [N, T, *shape]."""
    rng = np.random.default_rng(seed)
    return rng.integers(*RANGES[graph.input.form], (samples, steps, *graph.input.shape))


def looped(seed: int) -> ChipGraph:
    """Three populations with feedback over one, two and three of them, and delays on the way."""
    rng = np.random.default_rng(seed)
    sizes = {"in": 5, "a": 6, "b": 4, "c": 7}
    ways = [("in", "a"), ("a", "b"), ("b", "c"), ("b", "b"), ("b", "a"), ("c", "a"), ("c", "b")]

    def projection(source: str, target: str) -> DenseProjection:
        shape = (sizes[target], sizes[source])
        back = list(sizes).index(source) >= list(sizes).index(target)
        delay = rng.integers(0, 4, shape) if back else None
        return DenseProjection(source, target, rng.integers(-60, 90, shape), delay)

    return ChipGraph(
        ChipInput("in", "spikes", (5,)),
        tuple(population(name, (sizes[name],), bias=3) for name in "abc"),
        tuple(projection(*way) for way in ways),
        time_steps=9,
    )


def assert_chip_time(graph: ChipGraph, rows: IntArray, results: dict[str, np.ndarray]) -> None:
    """Every u, v and s of a run without resets is the oracle's."""
    for sample, stream in enumerate(rows):
        expected = chip_oracle.run(graph, stream)
        for name in (p.name for p in graph.populations):
            for key in "uvs":
                found = results[f"{name}.{key}"][:, sample].reshape(len(stream), -1)
                assert np.array_equal(found, getattr(expected, key)[name]), (name, key)


def assert_window_time(graph: ChipGraph, rows: IntArray, results: dict[str, np.ndarray]) -> int:
    """Every u, v and s of each sample's windows is the oracle's; how many spikes there were."""
    fired = 0
    for sample, stream in enumerate(rows):
        expected = window(graph, stream)
        for name, states in expected.items():
            fired += int(states["s"].sum())
            for key, values in states.items():
                found = results[f"{name}.{key}"][:, sample].reshape(values.shape)
                assert np.array_equal(found, values), (name, key)
    return fired


@settings(deadline=None, max_examples=25)
@given(any_graphs(), st.integers(0, 2**32))
def test_any_graph_in_chip_time(graph: ChipGraph, seed: int) -> None:
    """Loops, delays, doubled projections, every form: one step of lag each, nothing is reset."""
    rows = drawn(graph, 2, 5, seed)
    assert_chip_time(graph, rows, run_chip_onnx(graph, rows, 5, reset="none"))


@pytest.mark.parametrize("seed", range(6))
def test_residual_graphs(seed: int) -> None:
    """Skips of equal length, sums of ways, branches, every input form."""
    graph = residual_graph(seed)
    rows = driven(graph, 2, seed)
    assert_chip_time(graph, rows, run_chip_onnx(graph, rows, rows.shape[1], reset="none"))


@pytest.mark.parametrize("seed", range(4))
def test_loops_in_window_time(seed: int) -> None:
    """Feedback arrives its lag later, from silence; the way forward takes no step."""
    graph = looped(seed)
    rows = drawn(graph, 3, 9, seed)
    assert assert_window_time(graph, rows, run_chip_onnx(graph, rows, 9)) > 50


@pytest.mark.parametrize(
    "graph", [chain(1).graph(6), chain(2, "bias").graph(6), diamond(3), chain(4, "graded").graph(6)]
)
def test_chains_and_diamonds_in_window_time(graph: ChipGraph) -> None:
    """Convolution, dense and ways that meet."""
    rows = drawn(graph, 3, 6, 5)
    assert assert_window_time(graph, rows, run_chip_onnx(graph, rows, 6)) > 0


@pytest.mark.parametrize("form", ["spikes", "graded"])
def test_geometry_of_convolutions(form: Any) -> None:
    """Groups, strides, paddings and dilations that differ between rows and columns."""
    network = Chain(12, form, (4, 6, 5)).conv(
        6, (2, 3), threshold=90, stride=(2, 1), padding=(1, 2), dilation=(3, 2), groups=2
    )
    graph = network.conv(4, (3, 1), threshold=60, stride=(1, 2), dilation=(1, 3)).graph(3)
    rows = drawn(graph, 2, 3, 13)
    assert assert_window_time(graph, rows, run_chip_onnx(graph, rows, 3)) > 0


def test_names_that_look_like_the_file_s_own() -> None:
    """A population may be called as a tensor of another one would be."""
    rng = np.random.default_rng(14)
    graph = ChipGraph(
        ChipInput("x", "spikes", (5,)),
        (population("ago_0_x", (4,)), population("sent.1", (3,))),
        (
            DenseProjection("x", "ago_0_x", rng.integers(-20, 70, (4, 5))),
            DenseProjection("ago_0_x", "sent.1", rng.integers(-20, 70, (3, 4))),
        ),
    )
    rows = drawn(graph, 2, 6, 15)
    assert_chip_time(graph, rows, run_chip_onnx(graph, rows, 6, reset="none"))


def test_delays_in_chip_time() -> None:
    """Every synapse its own delay, and spikes of the input are remembered too."""
    graph, rows = skip(1), spikes(2, 2, 12, 6)
    assert_chip_time(graph, rows, run_chip_onnx(graph, rows, 12, reset="none"))


def test_weights_and_sums_beyond_any_field() -> None:
    """A kernel may hold any integers; its sums wrap at 24 bits, u only once."""
    rng = np.random.default_rng(1)
    weight = rng.integers(-3_000_000, 3_000_000, (4, 2, 2, 2))
    fields = (integers(900), integers(50), integers(90000), integers(0))
    graph = ChipGraph(
        ChipInput("in", "spikes", (2, 4, 3)),
        (Population("p", (4, 3, 2), *fields), population("q", (5,))),
        (ConvProjection("in", "p", weight), DenseProjection("p", "q", np.full((5, 24), 99))),
        time_steps=8,
    )
    rows = spikes(2, 3, 8, 2, 4, 3)
    results = run_chip_onnx(graph, rows, 8)
    assert assert_window_time(graph, rows, results) > 0
    assert np.abs(results["p.u"].astype(np.int64)).max() > chip_oracle.LIMIT


def test_currents_that_neither_fade_nor_stay_within_32_bits() -> None:
    """Payloads of 23 bits onto a current without decay: the 32-bit sum wraps as Lava's does."""
    graph = replace(Chain(3, "graded", (6,)).dense(5, threshold=90000, decay_u=0).graph())
    rows = np.random.default_rng(4).choice([-(2**23) + 1, 2**23 - 1, 0], (2, 30, 6))
    results = run_chip_onnx(graph, rows, 30)
    assert_window_time(graph, rows, results)
    assert np.abs(results["p0.u"].astype(np.int64)).max() > 2**30


@pytest.mark.parametrize(
    ("graph", "reset"),
    [
        (chain(1).graph(4), "staggered"),
        (chain(2, "bias").graph(4), "staggered"),
        (chain(3, "graded").graph(4), "staggered"),
        (skip(4), "none"),
        (looped(5), "staggered"),
    ],
)
def test_reference_evaluator_agrees(graph: ChipGraph, reset: ResetRule) -> None:
    """ONNX's own evaluator, which shares no code with ONNX Runtime, gives the same integers."""
    rows = drawn(graph, 2, 4, 6)
    ours = run_chip_onnx(graph, rows, 4, reset=reset)
    theirs = run_chip_onnx(graph, rows, 4, reset=reset, evaluate=in_reference)
    assert ours.keys() == theirs.keys()
    for name, values in ours.items():
        assert np.array_equal(values, theirs[name]), name


@pytest.mark.parametrize("form", ["bias", "spikes", "graded"])
def test_one_row_serves_all_steps(form: Any) -> None:
    """[N, 1, *shape] means the same at every step; another number than 1 or T is refused."""
    graph = chain(7, form).graph(5)
    rows = drawn(graph, 3, 1, 8)
    once = run_chip_onnx(graph, rows, 5)
    again = run_chip_onnx(graph, np.repeat(rows, 5, axis=1), 5)
    for name, values in once.items():
        assert values.shape[:2] == (5, 3)
        assert np.array_equal(values, again[name])
    for given_rows, steps in ((3, 5), (3, 1)):
        with pytest.raises(Exception, match=r"(Expand|Reshape)"):
            run_chip_onnx(graph, np.repeat(rows, given_rows, axis=1), steps)


def test_the_file_knows_its_steps() -> None:
    """T is the graph's unless `time_steps` says otherwise; readout weights fix it."""
    graph = Chain(9, "spikes", (4,)).dense(5, threshold=60).readout(3).graph(6)
    rows = spikes(10, 2, 6, 4).astype(np.bool_)
    assert in_onnxruntime(build_chip_scan(graph), {"inputs": rows})["p0.s"].shape == (6, 2, 5)
    weighted = replace(graph, readouts=(Readout("p1", 1.0, (1.0,) * 6),))
    assert [value.name for value in build_chip_scan(weighted).graph.input] == ["inputs"]
    unknown = {value.name for value in build_chip_scan(replace(graph, time_steps=None)).graph.input}
    assert unknown == {"inputs", "time_steps"}


@pytest.mark.parametrize("reset", ["staggered", "none"])
@pytest.mark.parametrize(
    "graph", [chain(1, "bias").graph(3), chain(2, "graded").graph(3), looped(3)]
)
def test_integers_of_opset_17_only(graph: ChipGraph, reset: ResetRule) -> None:
    """The checker and strict inference pass, and no value of either graph is a float."""
    model = build_chip_scan(graph, reset=reset, states=True)
    onnx.checker.check_model(model, full_check=True)
    inferred = onnx.shape_inference.infer_shapes(
        model, check_type=True, strict_mode=True, data_prop=True
    )
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 17)]
    assert model.ir_version == 9
    graphs = [inferred.graph, next(n.attribute[0].g for n in inferred.graph.node if n.attribute
              and n.op_type == "Scan")]  # fmt: skip
    for part in graphs:
        typed = {v.name: v for v in (*part.input, *part.output, *part.value_info)}
        kinds = {v.type.tensor_type.elem_type for v in typed.values()}
        kinds |= {tensor.data_type for tensor in part.initializer}
        kinds |= {a.t.data_type for n in part.node for a in n.attribute if a.HasField("t")}
        assert {onnx.TensorProto.DataType.Name(kind) for kind in kinds} <= INTEGERS
        assert {name for node in part.node for name in node.output} <= typed.keys()
        assert {node.op_type for node in part.node} <= PLAIN


def test_outputs_and_metadata() -> None:
    """Names, axes and texts are those the documentation promises."""
    graph = Chain(11, "spikes", (2, 3, 4)).conv(2, (2, 2), threshold=60).readout(3).graph(4)
    graph = replace(graph, readouts=(*graph.readouts, Readout("p0", 0.5)), classes=("x", "y", "z"))
    model = build_chip_scan(graph)
    axes = {
        value.name: [a.dim_param or a.dim_value for a in value.type.tensor_type.shape.dim]
        for value in (*model.graph.input, *model.graph.output)
    }
    assert axes == {
        "inputs": ["batch", "rows", 2, 3, 4],
        "time_steps": [],
        "p0.s": ["time", "batch", 2, 2, 3],
        "p0.v": ["time", "batch", 2, 2, 3],
        "p1.s": ["time", "batch", 3],
        "p1.v": ["time", "batch", 3],
    }
    facts = {entry.key: entry.value for entry in model.metadata_props}
    assert (facts["format"], facts["reset"], facts["time_steps"]) == (
        "spikeport-chip 1", "staggered", "4",
    )  # fmt: skip
    assert facts["spikeport_version"] == "0.1.0"
    assert facts["input_form"] == "spikes"
    assert json.loads(facts["population_shapes"]) == {"p0": [2, 2, 3], "p1": [3]}
    assert json.loads(facts["readouts"]) == [
        {"population": "p1", "volts_to_logit": 1.0, "weights": None},
        {"population": "p0", "volts_to_logit": 0.5, "weights": None},
    ]
    assert json.loads(facts["classes"]) == ["x", "y", "z"]


def test_misaligned_ways_are_refused_with_resets() -> None:
    """Delays that differ would carry spikes into the next sample's window."""
    with pytest.raises(InvalidGraph, match=r"or write the file with reset 'none'"):
        build_chip_scan(skip(1))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"decay_v": 4097}, "'p0': decay_v 4097 lies outside 0..4096"),
        ({"bias": 32768}, "'p0': bias 32768 lies outside -32767..32767"),
        ({"threshold": 131073}, "'p0': threshold 131073 lies outside 0..131072"),
    ],
)
def test_parameters_out_of_range(changes: dict[str, int], message: str) -> None:
    """What Lava would hold as another value is refused."""
    graph = chain(1).graph(3)
    fields: dict[str, Any] = {key: integers(value) for key, value in changes.items()}
    first = replace(graph.populations[0], **fields)
    with pytest.raises(LimitExceeded, match=message):
        build_chip_scan(replace(graph, populations=(first, *graph.populations[1:])))


def test_sums_beyond_32_bits() -> None:
    """A sum that Lava's integers don't hold is refused, as the emulator refuses it."""
    graph = Chain(1, "spikes", (2,)).dense(1, threshold=60).graph(3)
    heavy = replace(graph.projections[0], weight=integers([[2**30, 2**30]]))
    with pytest.raises(LimitExceeded, match="could reach 2147483648, beyond the 32 bits"):
        build_chip_scan(replace(graph, projections=(heavy,)))
