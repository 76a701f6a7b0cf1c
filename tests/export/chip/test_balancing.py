"""A balanced graph computes on the chip, in chip time, what its layers compute in step."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from export.chip.balancing import Balancing, balanced
from export.chip.balancing_choice import Means
from export.chip.balancing_costs import BalancingCosts
from export.chip.graph import (
    ChipGraph,
    ChipInput,
    ConvProjection,
    DenseProjection,
    InputForm,
    Population,
)
from export.chip.relays import RELAY_THRESHOLD, RELAY_WEIGHT, relay_links, relay_rows
from export.chip.timing import misalignment, timing_of
from export.errors import InvalidGraph, LimitExceeded
from tests import chip_oracle, small_chip_graphs
from tests.residual_graphs import chip_windows, driven, in_step, residual_graph
from tests.same_graph import assert_same_graph

SEEDS = range(60)
MEANS: tuple[Means | None, ...] = (None, "relay", "delay")


def neurons(name: str, *shape: int, bias: int = 0) -> Population:
    """Neurons without memory, which two spikes of weight 20 fire."""
    full, threshold = np.array(4096), np.array(30)
    return Population(name, shape, full, full, threshold, np.array(bias))


def conv(source: str, target: str, channels: int = 2, delay: int = 0) -> ConvProjection:
    """A 3x3 convolution of weights 20 that keeps the size."""
    weight = np.full((channels, channels, 3, 3), 20)
    return ConvProjection(source, target, weight, padding=(1, 1), delay=delay)


def skipping(
    *skips: tuple[int, int], length: int = 4, channels: int = 2, size: int = 4
) -> ChipGraph:
    """A chain a0 -> a1 -> ... of convolutions with further ones from layer to layer."""
    names = [f"a{k}" for k in range(length)]
    chain = [(k, k + 1) for k in range(length - 1)]
    return ChipGraph(
        ChipInput("a0", "bias", (channels, size, size)),
        tuple(neurons(name, channels, size, size) for name in names),
        tuple(conv(names[a], names[b], channels) for a, b in (*chain, *skips)),
        time_steps=3,
    )


def dense_skip(long: int, form: InputForm = "bias") -> ChipGraph:
    """A dense chain of `long` projections, and one from its start to its end."""
    names = [f"a{k}" for k in range(long + 1)]
    pairs = [*pairwise(names), (names[0], names[-1])]
    populations = tuple(neurons(name, 3) for name in names)
    return ChipGraph(
        ChipInput("a0", form, (3,)),
        populations if form == "bias" else populations[1:],
        tuple(DenseProjection(a, b, np.full((3, 3), 20)) for a, b in pairs),
        time_steps=3,
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_the_chip_computes_what_the_layers_compute_in_step(seed: int) -> None:
    """Every spike of three samples end to end, by relays, by delays and by the cheaper of both."""
    graph = residual_graph(seed)
    inputs = driven(graph, samples=3, seed=seed + 1000)
    expected = [in_step(graph, sample) for sample in inputs]
    for means in MEANS:
        chip, _ = balanced(graph, means=means)
        assert misalignment(chip, timing_of(chip)) is None
        found = chip_windows(chip, inputs)
        for population in graph.populations:
            name = population.name
            in_windows = np.stack([sample[name] for sample in expected])
            np.testing.assert_array_equal(found[name], in_windows, err_msg=f"{means} {name}")


def test_the_random_graphs_are_lively_and_need_balancing() -> None:
    """Most populations fire and rest, waits of 1 to 5 steps occur, and both means are taken."""
    rates, waits, changed = [], set[int](), 0
    for seed in SEEDS[:24]:
        graph = residual_graph(seed)
        inputs = driven(graph, samples=1, seed=seed + 1000)
        expected = [in_step(graph, sample) for sample in inputs]
        found = chip_windows(graph, inputs)
        for population in graph.populations:
            spikes = np.stack([sample[population.name] for sample in expected])
            rates.append(spikes.mean())
        changed += any(
            not np.array_equal(found[p.name], np.stack([s[p.name] for s in expected]))
            for p in graph.populations
        )
        waits |= {path.steps for path in balanced(graph)[1].paths}
        assert balanced(graph, means="relay")[1].neurons or graph.input.form == "graded"
    assert waits >= {1, 2, 3, 4, 5}
    assert np.mean([0.02 < rate < 0.98 for rate in rates]) > 0.6
    assert changed > 20


def test_populations_keep_their_depth_and_relays_repeat_their_source() -> None:
    """Relays fire one step after another, whatever the source does."""
    graph = residual_graph(4)
    chip, report = balanced(graph, means="relay")
    before, after = timing_of(graph).depth, timing_of(chip).depth
    assert {name: after[name] for name in before} == before
    found = chip_windows(chip, driven(graph, samples=4, seed=1))
    sources = {path.relays[-1]: path.source for path in report.paths}
    assert sources
    for relay, source in sources.items():
        if source in found:
            np.testing.assert_array_equal(found[relay], found[source])
            assert found[relay].any()


def test_a_relay_answers_one_spike_with_one_spike() -> None:
    """For any train: the same train one step later, and no spike besides."""
    relay = Population(
        "relay", (1,), np.array(4096), np.array(4096), np.array(RELAY_THRESHOLD), np.array(0)
    )
    train = np.array([[1], [1], [0], [1], [0], [0], [1], [0]])
    link = DenseProjection("in", "relay", np.array([[RELAY_WEIGHT]]))
    graph = ChipGraph(ChipInput("in", "spikes", (1,)), (relay,), (link,))
    fired = chip_oracle.run(graph, train).s["relay"]
    np.testing.assert_array_equal(fired[1:], train[:-1])
    assert fired[0] == 0


def test_relays_are_shared() -> None:
    """Ways of 1, 2 and 3 steps from one source take three relays in all."""
    graph = skipping((0, 2), (0, 3), (0, 4), length=5)
    chip, report = balanced(graph, means="relay")
    assert report.relays == ("a0_relay1", "a0_relay2", "a0_relay3")
    assert [len(path.relays) for path in report.paths] == [1, 2, 3]
    assert [path.neurons for path in report.paths] == [32, 32, 32]
    assert report.neurons == 96
    assert sum(path.cores for path in report.paths) == 3
    skips = [p for p in chip.projections if p.target == "a4"]
    assert {p.source for p in skips} == {"a3", "a0_relay3"}
    assert [p.name for p in chip.populations][:4] == ["a0", *report.relays]


def test_a_flat_relay_too_large_for_its_matrix_is_refused() -> None:
    """By name and before its neurons squared are allocated; a map of as many neurons passes."""
    flat = small_chip_graphs.population("flat", (11_586,))
    graph = ChipGraph(ChipInput("in", "spikes", (1,)), (flat,), ())
    with pytest.raises(LimitExceeded, match=r"'flat': 11,586 neurons .* more than 134,217,728\."):
        relay_links(relay_rows(graph, {"flat": 1}))
    map_of_as_many = small_chip_graphs.population("wide", (11_586, 1, 1))
    wide = replace(graph, populations=(map_of_as_many,))
    assert len(relay_links(relay_rows(wide, {"wide": 1}))) == 1


def test_dense_synapses_wait_by_their_own_delay() -> None:
    """At no cost; the delay joins the one they had."""
    graph = dense_skip(4)
    chip, report = balanced(graph)
    assert [(p.steps, p.means, p.neurons, p.cores) for p in report.paths] == [(3, "delay", 0, 0)]
    waiting = chip.projections[-1]
    assert isinstance(waiting, DenseProjection)
    assert waiting.delay is not None
    assert (waiting.delay == 3).all()
    slow = DenseProjection("a0", "a4", waiting.weight, np.full((3, 3), 2))
    once_more = replace(graph, projections=(*graph.projections[:-1], slow))
    again = balanced(once_more)[0].projections[-1]
    assert isinstance(again, DenseProjection)
    assert again.delay is not None
    assert (again.delay == 3).all()


def test_a_convolutions_own_delay_counts() -> None:
    """It waits for what is left only."""
    graph = skipping((0, 3))
    early = conv("a0", "a3", delay=1)
    chip, report = balanced(replace(graph, projections=(*graph.projections[:-1], early)))
    assert [path.steps for path in report.paths] == [1]
    waiting = chip.projections[3]
    assert isinstance(waiting, ConvProjection)
    assert waiting.delay == 2


def test_waits_beyond_62_steps_take_relays() -> None:
    """The delay field ends there; 1-D populations are relayed one to one."""
    chip, report = balanced(dense_skip(64))
    (path,) = report.paths
    assert (path.steps, path.means, len(path.relays)) == (63, "relay", 63)
    assert "62" in path.why
    assert misalignment(chip, timing_of(chip)) is None
    link = chip.incoming("a0_relay1")[0]
    np.testing.assert_array_equal(link.weight, RELAY_WEIGHT * np.eye(3))
    assert balanced(dense_skip(63))[1].paths[0].means == "delay"


def test_payloads_wait_in_delays() -> None:
    """A relay would answer any payload by one spike; where no delay is long enough, say so."""
    graph = dense_skip(4, "graded")
    for means in MEANS:
        (path,) = balanced(graph, means=means)[1].paths
        assert path.means == "delay"
        assert path.why == "payloads can't pass a relay"
    assert balanced(dense_skip(4, "spikes"), means="relay")[1].paths[0].means == "relay"
    with pytest.raises(InvalidGraph, match=r"'a0' -> 'a65'.*wait for 64 steps.*at most 62"):
        balanced(dense_skip(65, "graded"))


def test_the_cheaper_means_is_taken() -> None:
    """Few synapses fit the target's cores; many would fill new ones, and relays take fewer."""
    small = skipping((0, 2), channels=2, size=64)
    (path,) = balanced(small)[1].paths
    assert (path.means, path.cores) == ("delay", 0)
    assert path.why == "0 cores more with 0 in a row, 8 with 1"
    large = skipping((0, 2), channels=16, size=16)
    (path,) = balanced(large)[1].paths
    assert (path.means, path.neurons, path.cores, path.synapses) == ("relay", 4096, 4, 4096)
    bits = BalancingCosts().sparse_bits(large, conv("a0", "a2", 16))
    # Inner neurons: 144 synapses of 8 + 6 + 10 bits, in chunks of 64, 64 and 16: 57 words.
    assert 14 * 14 * 16 * 57 * 64 < bits < 4096 * 57 * 64
    assert path.why == f"4 cores more with 1 in a row, {-(-bits // 1_048_576) - 4} with 0"
    roomy = BalancingCosts(synaptic_memory_bits_per_core=1 << 30)
    assert balanced(large, costs=roomy)[1].paths[0].means == "delay"


def test_a_tie_goes_to_the_lesser_energy() -> None:
    """With as many cores either way, a spike's joules decide."""
    graph = skipping((0, 2), size=16)
    bits = BalancingCosts().sparse_bits(graph, conv("a0", "a2"))
    one_more = BalancingCosts(synaptic_memory_bits_per_core=bits - 1)
    assert balanced(graph, costs=one_more)[1].paths[0].means == "relay"
    cheap = replace(one_more, energy_per_sparse_synop_extra_j=0.0)
    (path,) = balanced(graph, costs=cheap)[1].paths
    assert path.means == "delay"
    assert path.why == "0 pJ per spike with 0 in a row, 106 with 1; 1 core more either way"


def test_sparse_synapses_are_counted_as_nengo_loihi_does() -> None:
    """8-bit weights, no delay: 256 targets take 4352 bits, 128 take 2048 (its own examples)."""
    costs = BalancingCosts(delay_bits=0)
    for targets, bits in ((256, 4352), (128, 2048)):
        weight = np.ones((targets, 1, 1, 1), dtype=np.int64)
        graph = ChipGraph(
            ChipInput("in", "spikes", (1, 1, 1)),
            (neurons("out", targets, 1, 1),),
            (ConvProjection("in", "out", weight),),
        )
        found = costs.sparse_bits(graph, ConvProjection("in", "out", weight))
        assert found == bits


def test_a_balanced_graph_stays_as_it_is() -> None:
    """Nothing to do: the same graph, and an empty report."""
    graph = skipping()
    chip, report = balanced(graph)
    assert chip is graph
    assert report == Balancing()
    once = balanced(skipping((0, 3)))[0]
    twice, report = balanced(once)
    assert_same_graph(once, twice)
    assert not report.paths


def test_feedback_is_left_alone() -> None:
    """Loops keep their lag, relays inside a loop are no feedback, and the loop's ways are even."""
    graph = skipping((0, 2), (2, 1), (3, 3))
    for means in MEANS:
        chip, report = balanced(graph, means=means)
        timing = timing_of(chip)
        assert [(p.source, p.target) for p in report.paths] == [("a0", "a2")]
        assert misalignment(chip, timing) is None
        backward = {(chip.projections[k].source, chip.projections[k].target)
                    for k in timing.feedback}  # fmt: skip
        assert backward == {("a2", "a1"), ("a3", "a3")}


def test_relays_take_no_name_twice() -> None:
    """A population that is called like a relay keeps its name."""
    graph = skipping((0, 2))
    last = replace(graph.populations[3], name="a0_relay1")
    renamed = replace(
        graph,
        populations=(*graph.populations[:3], last),
        projections=(*graph.projections[:2], conv("a2", "a0_relay1"), graph.projections[3]),
    )
    assert balanced(renamed, means="relay")[1].relays == ("a0_relay1_",)


def test_delays_that_differ_within_a_projection_are_refused() -> None:
    """They can't all arrive together; the message says what can be done."""
    graph = dense_skip(3)
    mixed = DenseProjection("a0", "a3", np.eye(3, dtype=np.int64), np.array([[0, 1, 2]] * 3))
    spoilt = replace(graph, projections=(*graph.projections[:-1], mixed))
    with pytest.raises(InvalidGraph, match=r"'a0' -> 'a3': delays of 0 to 2 steps can't all"):
        balanced(spoilt)


def test_the_report_reads_like_a_sentence() -> None:
    """One line per path: who waits for how long, by what, why, and what it adds."""
    (path,) = balanced(skipping((0, 2)), means="relay")[1].paths
    assert str(path) == (
        "'a0' -> 'a2' waits 1 step behind 1 relay (as asked); adds 32 neurons, 1 core, 32 synapses"
    )
    (path,) = balanced(skipping((0, 3)), means="delay")[1].paths
    assert str(path) == (
        "'a0' -> 'a3' waits 2 steps by synaptic delay (as asked); adds 0 neurons, 0 cores, "
        "364 synapses"
    )
