"""Lemaire's model against SpikingJelly's implementation of the same paper."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from spikingjelly.activation_based.layer import Conv2d, Linear
from spikingjelly.activation_based.neuron import IFNode, LIFNode
from spikingjelly.activation_based.op_counter import LemaireEnergyProfiler
from torch import Tensor, nn

from export.chip.graph import (
    ChipGraph,
    ChipInput,
    ConvProjection,
    DenseProjection,
    IntArray,
    Population,
    Projection,
)
from hwsim.alternatives.ann_memory import ann_j
from hwsim.alternatives.snn_memory import snn_energy
from hwsim.chips.devices import load_device
from tests.cost_example import fired_trace, population

STEPS = 6


def energy_j(network: nn.Module, inputs: Tensor) -> float:
    """What SpikingJelly's profiler says of one forward pass."""
    profiler = LemaireEnergyProfiler()
    profiler.bind_model(network)
    with profiler, torch.no_grad():
        network(inputs)
    return float(profiler.get_report().total_pj) * 1e-12


def spiking(bias: bool, leak: bool) -> nn.Sequential:
    """9 -> 30 -> 7 neurons."""

    def neurons() -> nn.Module:
        leaky: nn.Module = LIFNode(tau=1.5, v_threshold=0.02, step_mode="m")
        firm: nn.Module = IFNode(v_threshold=0.02, step_mode="m")
        return leaky if leak else firm

    return nn.Sequential(
        Linear(9, 30, bias=bias, step_mode="m"),
        neurons(),
        Linear(30, 7, bias=bias, step_mode="m"),
        neurons(),
    )


def watch(module: nn.Module) -> list[IntArray]:
    """Outputs of a module's next passes, as [1, T, neurons]."""
    kept: list[IntArray] = []

    def keep(_: nn.Module, __: tuple[Tensor, ...], output: Tensor) -> None:
        kept.append(output.detach().numpy().astype(np.int64).reshape(1, STEPS, -1))

    module.register_forward_hook(keep)
    return kept


def chip_population(name: str, shape: tuple[int, ...], *, leak: bool, biases: int) -> Population:
    """Neurons with or without leak, with so many biases."""
    bias = np.ones(biases, dtype=np.int64) if biases else np.asarray(0)
    made = population(name, shape, bias=bias)
    return made if leak else replace(made, decay_v=np.asarray(0))


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("leak", [False, True])
def test_spiking_dense_network(bias: bool, leak: bool) -> None:
    """9 -> 30 -> 7 neurons over 6 steps, to the last access."""
    torch.manual_seed(3)
    network = spiking(bias, leak)
    inputs = (torch.rand(STEPS, 1, 9) < 0.4).float()
    first, second = watch(network[1]), watch(network[3])
    theirs = energy_j(network, inputs)
    fired = {
        "in": inputs.numpy().astype(np.int64).reshape(1, STEPS, 9),
        "a": first[0],
        "b": second[0],
    }
    graph = ChipGraph(
        input=ChipInput("in", "spikes", (9,)),
        populations=(
            chip_population("a", (30,), leak=leak, biases=30 if bias else 0),
            chip_population("b", (7,), leak=leak, biases=7 if bias else 0),
        ),
        projections=(
            DenseProjection("in", "a", np.full((30, 9), 2)),
            DenseProjection("a", "b", np.full((7, 30), 2)),
        ),
        time_steps=STEPS,
    )
    assert 0 < fired["a"].sum() < 30 * STEPS
    assert 0 < fired["b"].sum() < 7 * STEPS
    trace = fired_trace(graph, fired, depth={"a": 1, "b": 2})
    ours = snn_energy(trace, load_device("cmos45-memory")).total
    assert ours == pytest.approx(theirs, rel=1e-9)


def test_spiking_convolution_away_from_the_edges() -> None:
    """Inner spikes have all 4 * 3 * 3 synapses, which SpikingJelly grants every spike."""
    network = nn.Sequential(
        Conv2d(2, 4, 3, bias=False, step_mode="m"), IFNode(v_threshold=100.0, step_mode="m")
    )
    inputs = torch.zeros(STEPS, 1, 2, 8, 8)
    inputs[:, :, :, 2:6, 2:6] = (torch.rand(STEPS, 1, 2, 4, 4) < 0.5).float()
    graph = ChipGraph(
        input=ChipInput("in", "spikes", (2, 8, 8)),
        populations=(chip_population("a", (4, 6, 6), leak=False, biases=0),),
        projections=(ConvProjection("in", "a", np.full((4, 2, 3, 3), 2)),),
        time_steps=STEPS,
    )
    fired = {
        "in": inputs.numpy().astype(np.int64).reshape(1, STEPS, -1),
        "a": np.zeros((1, STEPS, 144), dtype=np.int64),
    }
    trace = fired_trace(graph, fired, depth={"a": 1})
    ours = snn_energy(trace, load_device("cmos45-memory")).total
    assert ours == pytest.approx(energy_j(network, inputs), rel=1e-9)


class Plain(nn.Module):
    """An ANN of a convolution and a dense layer; activations cost nothing in the model."""

    def __init__(self, bias: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 4, (3, 2), stride=2, bias=bias)
        self.dense = nn.Linear(4 * 3 * 4, 5, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """One pass."""
        hidden: Tensor = self.conv(x)
        answer: Tensor = self.dense(hidden.flatten(1))
        return answer


@pytest.mark.parametrize("bias", [False, True])
def test_ann(bias: bool) -> None:
    """Without padding both count the same multiply-accumulates."""
    torch.manual_seed(4)
    theirs = energy_j(Plain(bias), torch.rand(1, 2, 8, 8))
    projections: tuple[Projection, ...] = (
        ConvProjection("in", "a", np.full((4, 2, 3, 2), 2), stride=(2, 2)),
        DenseProjection("a", "b", np.full((5, 48), 2)),
    )
    channels = np.ones((4, 1, 1), dtype=np.int64)
    graph = ChipGraph(
        input=ChipInput("in", "graded", (2, 8, 8)),
        populations=(
            population("a", (4, 3, 4), bias=channels if bias else 0),
            population("b", (5,), bias=np.ones(5, dtype=np.int64) if bias else 0),
        ),
        projections=projections,
        time_steps=1,
    )
    silence = {
        "in": np.zeros((1, 1, 128), dtype=np.int64),
        "a": np.zeros((1, 1, 48), dtype=np.int64),
        "b": np.zeros((1, 1, 5), dtype=np.int64),
    }
    trace = fired_trace(graph, silence, depth={"a": 1, "b": 2})
    assert ann_j(trace, load_device("cmos45-memory")) == pytest.approx(theirs, rel=1e-9)
