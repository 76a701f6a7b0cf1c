"""A toy network on three cores: every event, joule and nanosecond worked out on paper.

Sums over both samples. Spikes of a: 1, 4 in its two steps; of b: 1, 2. A spike of a's ends hits 2
stored synapses of the convolution, one of its middle 3; a spike of b hits both of out's neurons.
"""

import numpy as np
import pytest
from numpy.typing import ArrayLike

from hwsim.chips.chip import Chip
from hwsim.costing.cost import cost
from hwsim.costing.estimate import Estimate, estimate
from hwsim.events.core_events import CoreEvents
from hwsim.report.model import Report
from tests.toy_network import toy_chip, toy_graph, toy_trace

PJ, NS = 1e-12, 1e-9


@pytest.fixture(scope="module")
def toy() -> Estimate:
    """Serial cores."""
    return estimate(toy_trace(), toy_chip())


@pytest.fixture(scope="module")
def report() -> Report:
    """The same as a report."""
    return cost(toy_trace(), toy_chip())


def close(found: ArrayLike, expected: ArrayLike) -> bool:
    """Equal up to rounding of doubles."""
    return bool(np.allclose(found, expected, rtol=1e-12, atol=0))


def test_cores(toy: Estimate) -> None:
    """One core and one tile per layer."""
    place = toy.placement
    assert place.cores.tolist() == [1, 1, 1]
    assert list(zip(place.row.tolist(), place.column.tolist(), strict=True)) == [
        (0, 0), (0, 1), (1, 0),
    ]  # fmt: skip
    assert place.formats == ("conv", "dense")
    assert place.fits


def test_events(toy: Estimate) -> None:
    """Chip steps down, cores across: a works in steps 1 and 2, b in 2 and 3, out in 3 and 4."""
    events = toy.events
    expected = {
        "spikes": [[1, 0, 0], [4, 1, 0], [0, 2, 0], [0, 0, 0]],
        "active_updates": [[6, 0, 0], [6, 2, 0], [6, 6, 2], [6, 0, 4]],
        "inactive_updates": [[0, 6, 4], [0, 4, 4], [0, 0, 2], [0, 6, 0]],
        "messages_out": [[1, 0, 0], [4, 1, 0], [0, 2, 0], [0, 0, 0]],
        "messages_in": [[0, 0, 0], [0, 1, 0], [0, 4, 1], [0, 0, 2]],
        "messages_in_tile": [[0, 0, 0]] * 4,
        "hops_east_west": [[1, 0, 0], [4, 1, 0], [0, 2, 0], [0, 0, 0]],
        "hops_north_south": [[0, 0, 0], [0, 1, 0], [0, 2, 0], [0, 0, 0]],
        "chip_crossings": [[0, 0, 0]] * 4,
        "input_words": [[6, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]],
        "output_words": [[0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 4]],
    }
    for kind, counts in expected.items():
        assert getattr(events, kind).tolist() == counts, kind
    assert events.synops["conv"].tolist() == [[0, 0, 0], [0, 2, 0], [0, 10, 0], [0, 0, 0]]
    assert events.synops["dense"].tolist() == [[0, 0, 0], [0, 0, 0], [0, 0, 2], [0, 0, 4]]
    # East from a to b; b's messages go west to column 0, then south.
    assert events.link_messages.tolist() == [1, 4, 2, 0]


def test_events_without_the_kernels_zero() -> None:
    """The middle weight is zero: ends hit 1 synapse, the middle 2; messages stay."""
    chip = toy_chip()
    zeros = chip.synapses.conv_counts_zeros.model_copy(update={"value": False})
    chip = chip.model_copy(
        update={"synapses": chip.synapses.model_copy(update={"conv_counts_zeros": zeros})}
    )
    events: CoreEvents = estimate(toy_trace(), chip).events
    assert events.synops["conv"].tolist() == [[0, 0, 0], [0, 1, 0], [0, 6, 0], [0, 0, 0]]
    assert events.messages_out.sum() == 8


def test_nanoseconds_of_serial_cores(toy: Estimate) -> None:
    """Busiest cores of sample 1: 42, 54, 42, 30 ns; of sample 2: 30, 54, 66, 34 ns; barrier 100.

    Sample 1, step 2: b does 2 active and 1 inactive update (24), a spike (5), a message out (7),
    one in (1) and 2 synops (4), 41 ns; a does 3 active updates (30), 2 spikes and messages (24).
    """
    latency = toy.latency
    assert close(latency.barrier_s, 100 * NS)
    assert close(latency.samples_s, [568 * NS, 584 * NS])
    assert close(latency.steps_s, [136 * NS, 154 * NS, 154 * NS, 132 * NS])
    means = [[36, 12, 8], [54, 26.5, 8], [30, 54, 17.5], [30, 12, 27]]
    assert close(latency.core_s, np.array(means) * NS)
    assert close(latency.total_s, 576 * NS)
    assert latency.link_bound_steps == 0


def test_nanoseconds_of_overlapped_cores() -> None:
    """Receiving hides behind sending: 42, 54, 30, 30 and 30, 54, 54, 30 ns."""
    latency = estimate(toy_trace(), toy_chip(work="overlapped")).latency
    assert close(latency.samples_s, [556 * NS, 568 * NS])


def test_throttle_and_slow_links() -> None:
    """No step below the throttle; 4 messages at 10 per us take longer than any core."""
    throttled = estimate(toy_trace(), toy_chip(), throttle_s=150 * NS).latency
    assert close(throttled.samples_s, [(150 + 154 + 150 + 150) * NS, (150 + 154 + 166 + 150) * NS])
    slow = estimate(toy_trace(), toy_chip(link_messages_per_s=10e6)).latency
    # Mean messages on the busiest link: 0.5, 2, 1, 0 of 100 ns each.
    assert close(slow.link_s, [50 * NS, 200 * NS, 100 * NS, 0.0])
    assert close(
        slow.samples_s, [(50 + 200 + 100 + 30 + 400) * NS, (50 + 200 + 100 + 34 + 400) * NS]
    )
    assert slow.link_bound_steps == 3


def test_pipelined_window(toy: Estimate) -> None:
    """Two steps in turn, all layers busy: 42 and 54 ns in sample 1, 66 and 54 in sample 2.

    Means over samples: a's 36 and 54, b's 54 and 26.5, out's 17.5 and 27 ns.
    """
    window = toy.pipelined_latency()
    assert window.steps == 2
    assert close(window.core_s, np.array([[36, 54, 17.5], [54, 26.5, 27]]) * NS)
    assert close(window.samples_s, [(42 + 54 + 200) * NS, (66 + 54 + 200) * NS])


def test_joules(toy: Estimate) -> None:
    """Means of two samples: 12 conv and 6 dense synops, 38 active and 26 inactive updates, ...

    8 spikes and 8 messages; 5 of them go 1 column, 3 go 1 column and 1 row; 3 words in, 2 out.
    """
    terms = toy.energy.terms
    assert close(terms["synops"], (12 * 3 + 6 * 5) / 2 * PJ)
    assert close(terms["neurons"], (38 * 11 + 26 * 7 + 8 * 13) / 2 * PJ)
    hops = 5 * 29 + 3 * (29 + 31)
    assert close(terms["messages"], (8 * 17 + 8 * 19 + hops) / 2 * PJ)
    assert close(terms["static"], 3 * 1e-3 * 576 * NS)
    assert close(terms["chip"], (10e-3 - 3e-3 + 2e-3) * 576 * NS)
    assert close(terms["host"], 9 * 41 * PJ)
    assert close(terms["io"], 5 * 37 * PJ)
    total = 33 + 352 + 306.5 + 1728 + 5184 + 369 + 185
    assert close(toy.energy.total, total * PJ)
    assert close(toy.energy.core_dynamic, (33 + 352 + 306.5) * PJ)


def test_energy_by_layer_by_core_by_step_by_event_and_by_term_is_the_total(report: Report) -> None:
    """Every way to cut the energy adds up to the same."""
    energy = report.energy_j
    off_core = energy.chip + energy.host + energy.io
    for cut in (report.layers, report.cores, report.steps):
        assert close(sum(part.energy_j.total for part in cut) + off_core, energy.total)
        for term in ("synops", "neurons", "messages", "static"):
            assert close(sum(getattr(p.energy_j, term) for p in cut), getattr(energy, term))
    assert close(sum(event.energy_j for event in report.events), energy.total)
    assert report.energy_range_j.low == report.energy_range_j.nominal == energy.total
    assert close(report.energy_delay_js, energy.total * 576 * NS)
    assert close(report.latency_s.pipelined_per_s, 1 / (308 * NS))


def test_step_line_is_the_longest_step_of_the_busiest_cores_first(report: Report) -> None:
    """Steps 2 and 3 both last 154 ns on average; the first of them stands."""
    line = report.step_line
    assert line.step == 2
    assert [core.layer for core in line.cores] == ["a", "b", "out"]
    work = [
        (s.work, round(s.start_s / NS, 6), round(s.seconds / NS, 6)) for s in line.cores[1].segments
    ]
    assert work == [
        ("neuron updates", 0, 12), ("active updates", 12, 6), ("spikes", 18, 2.5),
        ("messages out", 20.5, 3.5), ("messages in", 24, 0.5), ("synaptic operations", 24.5, 2),
    ]  # fmt: skip


def test_two_chips_when_one_has_too_few_cores() -> None:
    """With two cores per chip, `out` lies on the second: its messages cross one border."""
    chip: Chip = toy_chip()
    limits = {
        key: getattr(chip.limits, key).model_copy(update={"value": value})
        for key, value in {"cores": 2, "tiles": 2}.items()
    }
    chip = chip.model_copy(update={"limits": chip.limits.model_copy(update=limits)})
    found = estimate(toy_trace(), chip)
    assert found.placement.chips_used == 2
    assert found.placement.fits
    assert found.events.chip_crossings.sum() == 3
    assert found.events.hops_east_west.sum() == 5 + 3
    one = estimate(toy_trace(), chip, chips=1)
    assert not one.placement.fits


def test_graph_of_the_picture() -> None:
    """The picture's weights are the graph's."""
    assert toy_graph().projections[0].weight.tolist() == [[[[2, 0, 4]]]]
