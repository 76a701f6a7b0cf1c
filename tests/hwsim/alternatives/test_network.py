"""Operations per layer of both networks, on paper."""

from dataclasses import replace

import numpy as np
import pytest

from export.chip.graph import ChipGraph, ChipInput, ConvProjection, DenseProjection
from hwsim.alternatives.activity import leaks, mean_rate, spikes_per_synapse
from hwsim.alternatives.network import alternatives
from hwsim.report.alternatives import Alternatives
from tests.cost_example import digits_graph, fired_trace, population, random_trace
from tests.hwsim.alternatives.toy import silent_trace, toy_graph, toy_trace


def test_layers_of_the_toy() -> None:
    """12 MACs on the host, then 6 and 4 synapses with 5 and 2 synaptic operations."""
    rows = [tuple(row.model_dump().values()) for row in alternatives(toy_trace()).layers]
    assert rows == [("host", 12, 12, None), ("b", 6, 5, 5 / 6), ("out", 4, 2, 0.5)]


def test_without_a_host_operation_there_is_no_host_row() -> None:
    """No first linear operation off the chip, none in the table."""
    assert [row.layer for row in alternatives(toy_trace(host_macs=0)).layers] == ["b", "out"]


def test_activity_of_the_toy() -> None:
    """7 synops on 10 synapses; 3.5 spikes of 5 neurons that can fire over 2 steps."""
    found = alternatives(toy_trace())
    assert found.spikes_per_synapse == pytest.approx(0.7)
    assert found.mean_rate == pytest.approx(0.35)


def test_silence_is_zero_and_not_an_error() -> None:
    """Nothing fires: no spikes per synapse, no rate."""
    trace = silent_trace()
    assert spikes_per_synapse(trace) == mean_rate(trace) == 0


def test_a_network_without_synapses_has_a_host_and_no_other_layer() -> None:
    """A single population that the host drives."""
    graph = ChipGraph(ChipInput("a", "bias", (2,)), (population("a", (2,)),), (), time_steps=2)
    trace = fired_trace(graph, {"a": np.ones((1, 2, 2), dtype=np.int64)})
    found = alternatives(trace)
    assert found.layers == ()
    assert found.spikes_per_synapse == 0
    assert found.mean_rate == 1


def test_convolutions_have_true_edges_and_loops_count_once() -> None:
    """A 3x3 kernel with padding 1 on 3x3: 7 * 7 taps fall inside, not 81; 9 * 9 of the loop."""
    graph = ChipGraph(
        input=ChipInput("in", "spikes", (1, 3, 3)),
        populations=(population("a", (1, 3, 3)),),
        projections=(
            ConvProjection("in", "a", np.full((1, 1, 3, 3), 2), padding=(1, 1)),
            DenseProjection("a", "a", np.full((9, 9), 2), np.full((9, 9), 1)),
        ),
        time_steps=4,
    )
    fired = {"in": np.ones((1, 4, 9), dtype=np.int64), "a": np.zeros((1, 4, 9), dtype=np.int64)}
    trace = fired_trace(graph, fired, depth={"a": 1})
    (row,) = alternatives(trace).layers
    assert row.macs == 49 + 81
    assert row.synops == 4 * 49
    assert row.spikes_in_per_synapse == pytest.approx(196 / 130)


def test_leaks() -> None:
    """Decaying voltage, or a lasting current; a readout's and a relay's don't count."""
    graph = toy_graph()
    assert leaks(graph)
    keeps = [replace(p, decay_v=np.asarray(0)) for p in graph.populations]
    assert not leaks(replace(graph, populations=tuple(keeps)))
    relay = [replace(p, decay_v=np.asarray(4096)) for p in graph.populations]
    assert not leaks(replace(graph, populations=tuple(relay)))
    lasting = [replace(p, decay_u=np.asarray(2048)) for p in keeps]
    assert leaks(replace(graph, populations=tuple(lasting)))


def test_the_table_survives_json() -> None:
    """report.json holds it all."""
    found = alternatives(random_trace(digits_graph()))
    assert Alternatives.model_validate_json(found.model_dump_json()) == found
    assert len(found.priced) == len(found.bounds) == 3
