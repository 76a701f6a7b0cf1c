"""Thresholds that move: ONNX Runtime and torch are held to the executor, importers have no row."""

from pathlib import Path

import nir
import numpy as np
import pytest

from export.executor import run_graph
from export.freezing import freeze
from export.nir_metadata import ThresholdFacts, attach_facts, read_facts
from export.onnx import write_onnx, write_step_onnx
from hwsim.verify import RUNTIMES, Row, verify_graph
from hwsim.verify.arithmetic import FLOAT32
from hwsim.verify.pytorch import pytorch_runtime
from hwsim.verify.rounding import ErrorBound
from tests.hwsim.verify.test_rounding import onnx_rows, tie_network
from tests.hwsim.verify.test_verify import own_labels
from tests.moving_networks import adaptive, inputs, scheduled
from trainers.network import SpikingNetwork

IMAGES = inputs(24).numpy().astype(np.float32)
KINDS = ["schedule", "adaptation"]


def trained(kind: str) -> SpikingNetwork:
    """A network under DS-ATGO or ALIF."""
    return scheduled("convolutions", 1) if kind == "schedule" else adaptive("convolutions", 1)


def rows(
    graph: nir.NIRGraph, exported: nir.NIRGraph, folder: Path, network: SpikingNetwork
) -> dict[str, Row]:
    """Every row by runtime, the ONNX files being those of `exported`."""
    write_onnx(exported, folder / "model.onnx")
    write_step_onnx(exported, folder / "model.step.onnx")
    found = verify_graph(
        graph,
        IMAGES,
        own_labels(graph, IMAGES),
        onnx=folder / "model.onnx",
        step_onnx=folder / "model.step.onnx",
        runtimes={"pytorch": pytorch_runtime(network), **RUNTIMES},
    )
    return {row.runtime: row for row in found}


def altered(graph: nir.NIRGraph, kind: str) -> nir.NIRGraph:
    """A copy whose first layer has other thresholds at its second step, or another beta."""
    facts = read_facts(graph)
    node, threshold = next(iter(facts.thresholds.items()))
    steps = list(threshold.per_step)
    steps[1] *= 1.02
    update: dict[str, object] = {"per_step": tuple(steps)}
    if threshold.adaptation is not None:
        beta = threshold.adaptation.beta * 1.02
        update = {"adaptation": threshold.adaptation.model_copy(update={"beta": beta})}
    thresholds = {**facts.thresholds, node: threshold.model_copy(update=update)}
    changed = nir.NIRGraph(dict(graph.nodes), list(graph.edges))
    attach_facts(changed, facts.model_copy(update={"thresholds": thresholds}))
    return changed


@pytest.mark.parametrize("kind", KINDS)
def test_every_row_is_identical(kind: str, tmp_path: Path) -> None:
    """PyTorch, the unscaled encoding and both ONNX graphs spike alike; a note says who is out."""
    network = trained(kind)
    graph = freeze(network, inputs(), strategy="schedule")
    found = rows(graph, graph, tmp_path, network)
    assert list(found) == [
        "pytorch", "nir_executor", "onnxruntime model.onnx", "onnxruntime model.step.onnx",
    ]  # fmt: skip
    for row in found.values():
        assert (row.verdict, row.spike_mismatches) == ("identical", 0)
    note = found["nir_executor"].note
    assert "Norse, snnTorch, SpikingJelly and Lava have no row" in note


@pytest.mark.parametrize("kind", KINDS)
def test_other_thresholds_are_found(kind: str, tmp_path: Path) -> None:
    """2 % of one step's threshold, or of beta, is no rounding."""
    network = trained(kind)
    graph = freeze(network, inputs(), strategy="schedule")
    found = rows(graph, altered(graph, kind), tmp_path, network)
    for name in ("onnxruntime model.onnx", "onnxruntime model.step.onnx"):
        assert found[name].verdict == "different"
        assert "farther from its threshold than rounding can carry" in found[name].note
    assert found["pytorch"].verdict == "identical"


def test_a_near_tie_with_one_step_s_threshold_is_rounding(tmp_path: Path) -> None:
    """u[2] = 1.5 (1 + 2^-25) meets 1.5, the threshold of that step alone, which float32 ties."""
    graph = tie_network()
    threshold = ThresholdFacts(strategy="schedule", value=1.0, per_step=(2.0, 1.5, 2.0))
    facts = read_facts(graph).model_copy(update={"thresholds": {"l001_lif": threshold}})
    attach_facts(graph, facts)
    images = np.array([[1.0, 1.0], [0.5, 0.0]], np.float32)
    for row in onnx_rows(graph, graph, images, tmp_path):
        assert (row.verdict, row.samples_parted) == ("rounding", 1)
        assert row.closest_margin == pytest.approx(1.5 * 2.0**-25)


def test_the_bound_grows_with_what_spikes_raise() -> None:
    """Once a neuron has fired, its threshold is larger and less exact than before."""
    graph = freeze(adaptive("flat", 0, beta=20.0), inputs(), strategy="schedule")
    facts = read_facts(graph)
    run = run_graph(graph, IMAGES, record=True)
    moving = ErrorBound(graph, FLOAT32).of(IMAGES, run).decisions["l002_lif"]
    still = {n: t.model_copy(update={"adaptation": None}) for n, t in facts.thresholds.items()}
    attach_facts(graph, facts.model_copy(update={"thresholds": still}))
    constant = ErrorBound(graph, FLOAT32).of(IMAGES, run).decisions["l002_lif"]
    fired = run.spikes["l002_lif"].cumsum(axis=0) - run.spikes["l002_lif"] > 0
    assert fired.any()
    assert (moving[fired] > constant[fired]).all()
    np.testing.assert_array_equal(moving[~fired], constant[~fired])
