"""Joules of the toy under each price list, worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest

from export.chip.graph import ChipInput, HostEncoder
from hwsim.alternatives.priced import arithmetic_pair, memory_pair, priced_pairs
from hwsim.alternatives.workload import Workload, operations_j
from hwsim.chips.devices import load_device
from hwsim.engine.trace import Trace
from hwsim.errors import ChipError
from tests.cost_example import fired_trace
from tests.hwsim.alternatives.toy import silent_trace, toy_graph, toy_trace

PER_BYTE = 10 / 8192
"""Picojoules per access and byte of a memory of up to 8 KB."""


def graded_trace() -> Trace:
    """The toy with `a` as a graded input from outside."""
    graph = toy_graph()
    graph = replace(
        graph,
        input=ChipInput("a", "graded", (3,)),
        populations=graph.populations[1:],
        host=HostEncoder(macs=0, scale=1.0),
    )
    fired = {
        "a": np.array([[[1, 1, 0], [1, 0, 0]], [[1, 0, 0], [0, 1, 0]]]),
        "b": np.array([[[1, 0], [0, 0]], [[0, 0], [0, 1]]]),
        "out": np.zeros((2, 2, 2), dtype=np.int64),
    }
    return fired_trace(graph, fired, depth={"b": 1, "out": 2})


def test_float32_arithmetic() -> None:
    """ANN 22 MACs, SNN 12 MACs and 7 additions; even at 4.6 / 0.9 spikes per synapse."""
    pair = priced_pairs(toy_trace())[0]
    assert pair.ann_j == pytest.approx(22 * 4.6e-12)
    assert pair.snn_j == pytest.approx(12 * 4.6e-12 + 7 * 0.9e-12)
    assert pair.break_even == pytest.approx(4.6 / 0.9)


def test_int8_arithmetic() -> None:
    """Likewise with 0.23 and 0.03 pJ."""
    pair = priced_pairs(toy_trace())[1]
    assert pair.ann_j == pytest.approx(22 * 0.23e-12)
    assert pair.snn_j == pytest.approx(12 * 0.23e-12 + 7 * 0.03e-12)
    assert pair.break_even == pytest.approx(0.23 / 0.03)


def test_a_silent_network_has_the_same_break_even() -> None:
    """It doesn't depend on how much fires."""
    pair = priced_pairs(silent_trace())[0]
    assert pair.snn_j == pytest.approx(12 * 4.6e-12)
    assert pair.break_even == pytest.approx(4.6 / 0.9)


def test_memory() -> None:
    """Every access of the toy; memories of up to 8 KB cost 10 / 8192 pJ per byte.

    Weights and biases: 32 bytes of b, 16 of out, 12 of a's biases, written by the host. Neurons:
    12, 8 and 8 bytes. Queues: 4000 bytes.
    """
    pair = priced_pairs(toy_trace())[2]
    ann_macs = (12 + 6 + 4) * 3.2
    ann_adds = ((3 + 2) + (2 + 2) + 2) * 0.1
    ann_bytes = 6 * 32 + 3 * 12 + 2 * 32 + 2 * 8 + 4 * 16 + 2 * 8 + 2 * 8
    assert pair.ann_j == pytest.approx((ann_macs + ann_adds + ann_bytes * PER_BYTE) * 1e-12)
    leak_macs = 2 * (3 + 2) * 3.2
    bias_adds = 2 * (3 + 2) * 0.1
    update_bytes = 2 * (3 * 2 * 12 + 3 * 12 + 2 * 2 * 8 + 2 * 32 + 2 * 2 * 8)
    fixed = 12 * 3.2 + leak_macs + bias_adds + update_bytes * PER_BYTE
    adds = (5 + 5 + 2 + 2 + 3.5) * 0.1
    synop_bytes = 5 * (32 + 2 * 8) + 2 * (16 + 2 * 8)
    queue_bytes = (2.5 + 1 + 3.5) * 4000
    moving = adds + (synop_bytes + queue_bytes) * PER_BYTE
    assert pair.snn_j == pytest.approx((fixed + moving) * 1e-12)
    ann = ann_macs + ann_adds + ann_bytes * PER_BYTE
    assert pair.break_even == pytest.approx((ann - fixed) / (moving / 0.7))


def test_more_steps_leave_no_rate_that_breaks_even() -> None:
    """Ten times the updates cost more than the whole ANN, whatever fires."""
    trace = toy_trace()
    longer = {name: np.tile(c, (10, 1)) for name, c in trace.neuron_spikes.items()}
    trace = replace(trace, spikes=np.tile(trace.spikes, (1, 10, 1)), neuron_spikes=longer)
    assert priced_pairs(trace)[2].break_even is None


def test_payloads_of_a_graded_input_are_multiplied() -> None:
    """5 of the 7 synops are of the input: MACs; the host has none."""
    pair = arithmetic_pair(graded_trace(), load_device("cmos45-float32"))
    assert pair.ann_j == pytest.approx(10 * 4.6e-12)
    assert pair.snn_j == pytest.approx(5 * 4.6e-12 + 2 * 0.9e-12)
    assert "graded input" in pair.note
    graded, device = graded_trace(), load_device("cmos45-memory")
    binary = replace(graded, graph=replace(graded.graph, input=ChipInput("a", "spikes", (3,))))
    difference = memory_pair(graded, device).snn_j - memory_pair(binary, device).snn_j
    assert difference == pytest.approx(5 * (3.2 - 0.1) * 1e-12)


def test_notes_say_what_the_host_does() -> None:
    """Only where there is a first linear operation."""
    assert all("host's multiply-accumulates" in p.note for p in priced_pairs(toy_trace()))
    assert all("host's multiply" not in p.note for p in priced_pairs(toy_trace(host_macs=0)))


def test_workload_of_the_toy() -> None:
    """7 neurons over 2 steps."""
    assert Workload.of(toy_trace()) == Workload(12, 10, 7.0, 0.0, 14)


def test_a_device_without_macs_prices_no_ann() -> None:
    """TrueNorth runs none; the SNN's operations still have a price, without the host."""
    device = load_device("truenorth")
    with pytest.raises(ChipError, match=r"truenorth.*no energy_per_mac_j"):
        arithmetic_pair(toy_trace(), device)
    assert operations_j(Workload.of(toy_trace()), device.energy) == pytest.approx(7 * 26e-12)


def test_a_device_without_memory_is_refused() -> None:
    """No memory model, no memory energy."""
    with pytest.raises(ChipError, match=r"cmos45-int8.*no \[memory\]"):
        memory_pair(toy_trace(), load_device("cmos45-int8"))
