"""A disagreement is made as small as it gets: one decision, found where it was planted."""

import copy
import dataclasses
from pathlib import Path

import nir
import numpy as np
import pytest

from export.executor import logits, run_graph
from export.nir_metadata import read_facts
from export.onnx import write_onnx, write_step_onnx
from hwsim.verify import RUNTIMES, Answer, Case, Row, Runtime, Subject, verify_graph
from hwsim.verify.arithmetic import FLOAT64
from hwsim.verify.runtime import Ask
from tests.frozen_networks import conv_network, images, portable_lif
from tests.other_networks import chain, with_facts

STEPS = 4


def three_neurons() -> nir.NIRGraph:
    """Each of three inputs into a neuron of its own, decay 1/2, threshold 1."""
    nodes = {
        "input": nir.Input(np.array([3])),
        "l000_fc": nir.Linear(np.eye(3, dtype=np.float32)),
        "l001_lif": portable_lif((3,), 2048),
        "l002_fc": nir.Linear(np.ones((1, 3), np.float32)),
        "output": nir.Output(np.array([1])),
    }
    return with_facts(nodes, chain(nodes), time_steps=STEPS)


def without_reset(neuron: int) -> Runtime:
    """A runtime of `three_neurons` in which one neuron keeps its membrane when it fires."""

    def run(inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        spikes = np.zeros((STEPS, len(inputs), 3), dtype=bool)
        membranes = np.zeros((STEPS, len(inputs), 3))
        u = np.zeros((len(inputs), 3))
        for t in range(STEPS):
            u = 0.5 * u + inputs
            membranes[t], spikes[t] = u, u > 1.0
            resets = spikes[t].copy()
            resets[:, neuron] = False
            u = np.where(resets, 0.0, u)
        return spikes, membranes

    def open_it(subject: Subject) -> Ask:
        def ask(inputs: np.ndarray) -> Answer:
            spikes, _ = run(inputs)
            outputs = spikes.sum(axis=2, keepdims=True).astype(float)
            return Answer(
                {"l001_lif": spikes},
                logits(outputs, subject.facts),
                lambda sample: {"l001_lif": run(inputs[sample : sample + 1])[1][:, 0]},
            )

        return ask

    return Runtime("float64", FLOAT64, open_it)


def verified(graph: nir.NIRGraph, inputs: np.ndarray, runtime: Runtime) -> Row:
    (row,) = verify_graph(
        graph, inputs, np.zeros(len(inputs), np.int64), runtimes={"wrong": runtime}
    )
    return row


def test_a_reset_that_one_neuron_forgets() -> None:
    """0.875 fires in step 1 and is silent in step 2, unless step 1 left its membrane alone."""
    inputs = np.array([[0.1, 0.1, 0.1], [0.875, 0.125, 0.875], [0.1, 0.1, 0.875]])
    row = verified(three_neurons(), inputs, without_reset(2))
    assert row.verdict == "different"
    assert row.case is not None
    assert row.case.bound is not None
    assert 0 < row.case.bound < 1e-12
    assert dataclasses.replace(row.case, bound=None) == Case(
        sample=1,
        steps=3,
        layer="l001_lif",
        neuron=(2,),
        fired=False,
        membrane=0.875,
        threshold=1.0,
        margin=0.125,
        own_membrane=0.4375 * 1.5 + 0.875,
    )


def test_the_case_in_words() -> None:
    """One line names sample, step, layer, neuron, both membranes, threshold, margin and bound."""
    row = verified(three_neurons(), np.full((1, 3), [0.875, 0, 0]), without_reset(0))
    text = str(row.case)
    assert text.startswith(
        "sample 0, step 2 of layer l001_lif, neuron (0,): silent in the reference at membrane "
        "0.875, threshold 1; here fired, own membrane 1.53125. Margin 0.125, rounding's bound "
    )
    assert text.endswith("; 3 steps show it")


def test_a_runtime_that_shows_no_membranes() -> None:
    """The case is found without them and says so."""
    honest = without_reset(0)

    def mute(subject: Subject) -> Ask:
        ask = honest.open(subject)
        assert ask is not None
        return lambda inputs: dataclasses.replace(ask(inputs), membranes=None)

    row = verified(three_neurons(), np.full((1, 3), 0.875), dataclasses.replace(honest, open=mute))
    assert row.case is not None
    assert (row.case.neuron, row.case.own_membrane) == ((0,), None)
    assert "own membrane not exposed" in str(row.case)


def test_no_case_where_nothing_differs() -> None:
    """A runtime that is right has none."""
    row = verified(conv_network(), images(8), RUNTIMES["nir_executor"])
    assert (row.verdict, row.case) == ("identical", None)


def first_difference(
    right: dict[str, np.ndarray], wrong: dict[str, np.ndarray], order: list[str]
) -> tuple[int, int, str]:
    """The slow way: sample by sample, step by step, layer by layer."""
    steps, samples = right[order[0]].shape[:2]
    for n in range(samples):
        for t in range(steps):
            for name in order:
                if (right[name][t, n] != wrong[name][t, n]).any():
                    return n, t, name
    raise AssertionError("nothing differs")


@pytest.mark.parametrize("factor", [0.9, 1.1])
@pytest.mark.parametrize(
    "name", [name for name, runtime in RUNTIMES.items() if runtime.profile is None]
)
def test_another_threshold(name: str, factor: float, tmp_path: Path) -> None:
    """Every runtime's own membrane is told, in the reference's units, where a layer is moved."""
    graph, inputs = conv_network(), images(12)
    tampered = copy.deepcopy(graph)
    tampered.nodes["l004_lif"].v_threshold *= factor
    write_onnx(tampered, tmp_path / "model.onnx")
    write_step_onnx(tampered, tmp_path / "model.step.onnx")
    other = Subject(tampered, tmp_path / "model.onnx", tmp_path / "model.step.onnx")
    honest = RUNTIMES[name]
    row = verified(graph, inputs, dataclasses.replace(honest, open=lambda _: honest.open(other)))
    right, wrong = run_graph(graph, inputs, record=True), run_graph(tampered, inputs)
    case = row.case
    assert row.verdict == "different"
    assert case is not None
    expected = first_difference(right.spikes, wrong.spikes, ["l001_lif", "l004_lif"])
    assert (case.sample, case.step, case.layer) == expected
    at = (case.step, case.sample, *case.neuron)
    assert right.spikes["l004_lif"][at] != wrong.spikes["l004_lif"][at]
    assert case.fired == right.spikes["l004_lif"][at] == (factor > 1)
    assert case.threshold == pytest.approx(1.0, rel=1e-12)
    assert case.margin == pytest.approx(abs(case.membrane - 1.0), rel=1e-9)
    assert case.bound is not None
    assert case.margin > case.bound
    assert case.own_membrane is not None
    if case.own_after_reset:
        assert case.own_membrane == 0.0
    else:
        assert abs(case.own_membrane - case.membrane) <= case.bound
    assert case.own_after_reset == (factor < 1 and honest.imports_nir)


def test_the_steps_are_as_few_as_show_it() -> None:
    """One step less and both networks spike alike."""
    graph, inputs = conv_network(), images(12)
    tampered = copy.deepcopy(graph)
    tampered.nodes["l004_lif"].v_threshold[5, 1, 2] *= 0.97
    honest = RUNTIMES["nir_executor"]
    swapped = dataclasses.replace(honest, open=lambda _: honest.open(Subject(tampered)))
    case = verified(graph, inputs, swapped).case
    assert case is not None
    assert (case.layer, case.neuron) == ("l004_lif", (5, 1, 2))
    sample = inputs[case.sample : case.sample + 1]
    assert 1 < case.steps <= read_facts(graph).time_steps
    for steps, differs in ((case.steps, True), (case.steps - 1, False)):
        spikes = [
            run_graph(which, sample, time_steps=steps).spikes["l004_lif"]
            for which in (graph, tampered)
        ]
        assert (spikes[0] != spikes[1]).any() == differs


def test_the_case_survives_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Samples are numbered in the whole split, and the first batch with a case decides."""
    graph, inputs = conv_network(), images(12)
    tampered = copy.deepcopy(graph)
    tampered.nodes["l001_lif"].v_threshold[2, 3, 3] *= 1.02
    honest = RUNTIMES["nir_executor"]
    swapped = dataclasses.replace(honest, open=lambda _: honest.open(Subject(tampered)))
    whole = verified(graph, inputs, swapped)
    monkeypatch.setattr("hwsim.verify.verify.LARGEST_BATCH", 1)
    single = verified(graph, inputs, swapped)
    assert whole.case is not None
    assert whole.case.sample > 0
    assert single.case == whole.case
