"""NeuroBench's metrics against the package itself, on the same network and inputs."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from neurobench.metrics.static import Footprint
from neurobench.metrics.utils.layers import single_layer_MACs
from neurobench.models import TorchModel
from torch import nn

from export.chip.graph import (
    ChipGraph,
    ChipInput,
    ConvProjection,
    DenseProjection,
    HostEncoder,
    IntArray,
    Readout,
)
from hwsim.alternatives.neurobench import connection_sparsity, footprint, neurobench_metrics
from hwsim.engine.simulate import simulate
from hwsim.report.alternatives import NeuroBench
from tests.cost_example import population
from tests.hwsim.alternatives.torch_chip import judged
from tests.hwsim.alternatives.toy import silent_trace, toy_graph, toy_trace

STEPS, SAMPLES, BATCH = 6, 10, 4


def weights(*shape: int, seed: int, zeros: float = 0.3) -> IntArray:
    """Even weights of both signs, some of them zero."""
    rng = np.random.default_rng(seed)
    drawn = rng.integers(-30, 60, shape) * 2
    return np.where(rng.random(shape) < zeros, 0, drawn)


def conv_graph(form: str) -> ChipGraph:
    """2x6x6 -> strided, padded conv 4x3x3 -> grouped, dilated conv 4x3x3 -> dense 5, biases.

    With form `bias` the first population is the one that the host drives.
    """
    inner = (
        population("a", (4, 3, 3), bias=weights(4, 1, 1, seed=1), threshold=90),
        population("b", (4, 3, 3), threshold=50),
        replace(population("out", (5,), threshold=131071), decay_v=np.asarray(0)),
    )
    source = "in" if form != "bias" else "x"
    first = (population("x", (2, 6, 6), threshold=70),) if form == "bias" else ()
    return ChipGraph(
        input=ChipInput(source, form, (2, 6, 6)),  # type: ignore[arg-type]
        populations=(*first, *inner),
        projections=(
            ConvProjection(source, "a", weights(4, 2, 3, 3, seed=2), (2, 2), (1, 1)),
            ConvProjection("a", "b", weights(4, 2, 2, 2, seed=3), (1, 1), (1, 1), (2, 2), 2),
            DenseProjection("b", "out", weights(5, 36, seed=4)),
        ),
        time_steps=STEPS,
        readouts=(Readout("out", 1.0),),
    )


def loop_graph() -> ChipGraph:
    """6 -> 8 with feedback onto itself -> 3."""
    return ChipGraph(
        input=ChipInput("in", "spikes", (6,)),
        populations=(
            replace(population("a", (8,), threshold=60), decay_u=np.asarray(3000)),
            replace(population("out", (3,), threshold=131071), decay_v=np.asarray(0)),
        ),
        projections=(
            DenseProjection("in", "a", weights(8, 6, seed=5)),
            DenseProjection("a", "a", weights(8, 8, seed=6, zeros=0.6)),
            DenseProjection("a", "out", weights(3, 8, seed=7)),
        ),
        time_steps=STEPS,
        readouts=(Readout("out", 1.0),),
    )


def drawn_inputs(graph: ChipGraph) -> IntArray:
    """[N, T, *shape]: spikes, payloads, or biases that stay the same in all steps."""
    rng = np.random.default_rng(8)
    shape = (SAMPLES, STEPS, *graph.input.shape)
    if graph.input.form == "bias":
        still = rng.integers(-10, 60, (SAMPLES, 1, *graph.input.shape))
        return np.broadcast_to(still, shape).copy()
    if graph.input.form == "graded":
        return rng.integers(-3, 4, shape)
    return (rng.random(shape) < 0.3).astype(np.int64)


def both(graph: ChipGraph, inputs: IntArray) -> tuple[NeuroBench, dict[str, float]]:
    """Our metrics from the emulator's trace, and the package's from torch."""
    labels = np.arange(SAMPLES) % 3
    trace = simulate(graph, inputs, record=True, count_neurons=True)
    accuracy = float((trace.readout.argmax(axis=1) == labels).mean())
    return neurobench_metrics(trace, accuracy), judged(graph, inputs, labels, BATCH)


@pytest.mark.parametrize(
    "graph",
    [conv_graph("spikes"), conv_graph("bias"), conv_graph("graded"), loop_graph()],
    ids=["spikes", "bias", "graded", "loop"],
)
def test_metrics_equal_the_package(graph: ChipGraph) -> None:
    """Every metric, in batches of which the last is smaller."""
    ours, theirs = both(graph, drawn_inputs(graph))
    assert ours.parameter_count == theirs["ParameterCount"]
    assert ours.connection_sparsity == theirs["ConnectionSparsity"]
    assert ours.activation_sparsity == pytest.approx(theirs["ActivationSparsity"], rel=1e-12)
    assert ours.membrane_updates == pytest.approx(theirs["MembraneUpdates"], rel=1e-12)
    assert ours.effective_acs == pytest.approx(theirs["Effective_ACs"], rel=1e-12)
    assert ours.effective_macs == pytest.approx(theirs["Effective_MACs"], rel=1e-12)
    assert ours.dense == pytest.approx(theirs["Dense"], rel=1e-12)
    assert ours.classification_accuracy == pytest.approx(theirs["ClassificationAccuracy"])
    assert ours.effective_acs > 0
    assert (ours.effective_macs > 0) == (graph.input.form == "graded")


def test_payloads_that_happen_to_be_binary_count_as_macs_all_the_same() -> None:
    """The package decides per call by the values of the whole batch; counts don't hold those.

    Its sum of MACs and ACs is ours; it books a step whose payloads are all -1, 0 or 1 as ACs.
    """
    graph = conv_graph("graded")
    inputs = drawn_inputs(graph)
    inputs[:, 0] = np.sign(inputs[:, 0])
    ours, theirs = both(graph, inputs)
    assert ours.effective_macs > theirs["Effective_MACs"]
    assert ours.effective_macs + ours.effective_acs == pytest.approx(
        theirs["Effective_MACs"] + theirs["Effective_ACs"], rel=1e-12
    )


def test_the_package_loses_count_above_2_to_the_24() -> None:
    """It adds up operations in the network's float32; ours stay integers."""
    layer = nn.Linear(4097, 4099, bias=False)
    with torch.no_grad():
        theirs, _ = single_layer_MACs(torch.ones(1, 4097), layer, total=True)
    assert theirs != 4097 * 4099
    assert theirs == pytest.approx(4097 * 4099, rel=1e-6)


class Stored(nn.Module):
    """The toy's numbers in the integer types that hold them."""

    def __init__(self) -> None:
        super().__init__()
        for k, projection in enumerate(toy_graph().projections):
            halves = torch.from_numpy(projection.weight // 2).to(torch.int8)
            self.register_parameter(f"weight{k}", nn.Parameter(halves, requires_grad=False))
        bias = torch.tensor([1, 0], dtype=torch.int16)
        self.register_parameter("bias", nn.Parameter(bias, requires_grad=False))
        for name in ("a", "b", "out"):
            for field in ("decay_u", "decay_v"):
                self.register_buffer(f"{name}_{field}", torch.tensor(1, dtype=torch.int16))
            self.register_buffer(f"{name}_threshold", torch.tensor(64, dtype=torch.int32))


def test_footprint_equals_the_package() -> None:
    """10 weights, 2 biases of 2 bytes, per population 2 decays of 2 bytes and a threshold of 4."""
    assert footprint(toy_graph()) == 10 + 2 * 2 + 3 * (2 * 2 + 4)
    assert footprint(toy_graph()) == Footprint()(TorchModel(Stored()))


def test_delays_and_schedules_are_part_of_the_footprint() -> None:
    """A byte per stored delay; thresholds of every step."""
    graph = toy_graph()
    first, second = graph.projections
    assert isinstance(first, DenseProjection)
    late = replace(first, delay=np.ones((2, 3), dtype=np.int64))
    assert footprint(replace(graph, projections=(late, second))) == footprint(graph) + 6
    a, b, out = graph.populations
    moving = replace(a, schedule=np.array([64, 65]))
    assert footprint(replace(graph, populations=(moving, b, out))) == footprint(graph) + 4


def test_the_toy_on_paper() -> None:
    """3 of 10 weights zero; (3 * 2 + 2 * 1) / 2 + (1 + 2) / 2 ACs; 3.5 of 10 chances to fire."""
    found = neurobench_metrics(toy_trace(), accuracy=0.5)
    assert found.connection_sparsity == 0.3
    assert found.parameter_count == 12
    assert found.effective_acs == 5.5
    assert found.effective_macs == 0
    assert found.dense == 20
    assert found.activation_sparsity == pytest.approx(0.65)
    assert found.classification_accuracy == 0.5


def test_what_was_not_measured_is_none() -> None:
    """No voltages, no membrane updates; no labels, no accuracy."""
    found = neurobench_metrics(toy_trace())
    assert found.membrane_updates is None
    assert found.classification_accuracy is None


def test_membranes_of_some_samples_are_not_enough() -> None:
    """A part isn't the whole."""
    graph = conv_graph("spikes")
    trace = simulate(graph, drawn_inputs(graph), record=True, count_neurons=True)
    some = {name: {"v": kept["v"][:-1]} for name, kept in trace.recordings.items()}
    assert neurobench_metrics(replace(trace, recordings=some)).membrane_updates is None


def test_silence() -> None:
    """Everything is zero, no operation effective."""
    found = neurobench_metrics(silent_trace())
    assert found.activation_sparsity == 1
    assert found.effective_acs == 0


def test_scope_says_that_the_host_is_left_out() -> None:
    """With its operations; nothing where it has none."""
    assert "12 dense operations" in neurobench_metrics(toy_trace()).scope
    assert "host" not in neurobench_metrics(toy_trace(host_macs=0)).scope


def test_a_graph_without_weights_has_no_sparsity() -> None:
    """0 of 0."""
    lone = ChipGraph(ChipInput("a", "bias", (2,)), (population("a", (2,)),), (),
                     host=HostEncoder(macs=1, scale=1.0))  # fmt: skip
    assert connection_sparsity(lone) == 0
