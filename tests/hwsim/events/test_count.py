"""Events per core against a count synapse by synapse and spike by spike."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from export.chip.check_graph import check_graph
from export.chip.graph import ChipGraph, ConvProjection, DenseProjection
from hwsim.chips.chip import Chip, SynapseFormat
from hwsim.chips.load import load_chip
from hwsim.engine.simulate import simulate
from hwsim.engine.trace import Trace
from hwsim.errors import ChipError
from hwsim.events.core_events import CoreEvents
from hwsim.events.count import count_events
from tests.any_chip_graphs import any_graphs
from tests.core_event_oracle import Counted, core_of_neurons, count_by_hand
from tests.cost_example import fired_trace
from tests.scattered_placement import scattered

LOIHI1 = load_chip("loihi1")
KINDS = ("messages_out", "messages_in", "messages_in_tile", "hops_east_west",
         "hops_north_south", "chip_crossings")  # fmt: skip


def counting_zeros(counted: bool) -> Chip:
    """Loihi 1 with convolutions that count weights of zero, or don't."""
    zeros = LOIHI1.synapses.conv_counts_zeros.model_copy(update={"value": counted})
    synapses = LOIHI1.synapses.model_copy(update={"conv_counts_zeros": zeros})
    return LOIHI1.model_copy(update={"synapses": synapses})


def chip_time_trace(graph: ChipGraph, rng: np.random.Generator, steps: int) -> Trace:
    """Random spikes of one sample, every population at work from chip step 1 on."""
    sources = {p.name: p.neurons for p in graph.populations}
    if graph.input.form != "bias":
        sources[graph.input.name] = int(np.prod(graph.input.shape))
    fired = {
        name: (rng.random((1, steps, neurons)) < 0.4).astype(np.int64)
        for name, neurons in sources.items()
    }
    active = {
        p.name: (rng.random((1, steps, p.neurons)) < 0.5).astype(np.int64)
        for p in graph.populations
    }
    return _trace(graph, fired, active, steps)


def _trace(graph: ChipGraph, fired: dict, active: dict, steps: int) -> Trace:  # type: ignore[type-arg]
    names = tuple(p.name for p in graph.populations)
    zeros = np.zeros((1, steps, len(names)), dtype=np.int64)
    return Trace(
        graph=graph,
        populations=names,
        neurons=np.array([p.neurons for p in graph.populations]),
        depth=np.zeros(len(names), dtype=np.int64),
        spikes=np.stack([fired[name].sum(axis=2) for name in names], axis=2),
        synops=zeros,
        active_updates=np.stack([active[name].sum(axis=2) for name in names], axis=2),
        messages=zeros,
        saturations=zeros,
        wraps=zeros,
        readout=np.zeros((1, 0), dtype=np.int64),
        output_spikes=np.zeros((1, graph.populations[-1].neurons), dtype=np.int64),
        neuron_spikes={name: each.sum(axis=0) for name, each in fired.items()},
        neuron_active={name: each.sum(axis=0) for name, each in active.items()},
    )


@settings(max_examples=150, deadline=None)
@given(graph=any_graphs(), seed=st.integers(0, 2**32), zeros=st.booleans())
def test_every_count_equals_the_count_by_hand(graph: ChipGraph, seed: int, zeros: bool) -> None:
    """Any graph, any cuts, any tiles on two chips."""
    check_graph(graph)
    rng = np.random.default_rng(seed)
    placement = scattered(graph, rng)
    trace = chip_time_trace(graph, rng, steps=3)
    events = count_events(trace, placement, counting_zeros(zeros))
    formats = dict(enumerate(placement.formats))
    counted = count_by_hand(
        graph,
        placement,
        trace.neuron_spikes,
        dict.fromkeys(placement.populations, 0),
        zeros={k: f == "dense" or (f == "conv" and zeros) for k, f in formats.items()},
        shared={k: f == "conv" for k, f in formats.items()},
    )
    assert_equal(events, counted, placement.cores_used)


def assert_equal(events: CoreEvents, counted: Counted, cores: int) -> None:
    """Holds every kind of count to the one by hand."""
    steps = events.steps
    for kind in KINDS:
        expected = counted.as_array(kind, steps, cores)
        assert getattr(events, kind).tolist() == expected.tolist(), kind
    synops = sum(events.synops.values(), np.zeros((steps, cores), dtype=np.int64))
    assert synops.tolist() == counted.as_array("synops", steps, cores).tolist()
    busiest = [max((n for (t, *_), n in counted.links.items() if t == step), default=0)
               for step in range(steps)]  # fmt: skip
    assert events.link_messages.tolist() == busiest


@settings(max_examples=50, deadline=None)
@given(graph=any_graphs(), seed=st.integers(0, 2**32))
def test_updates_and_spikes_belong_to_the_neurons_core(graph: ChipGraph, seed: int) -> None:
    """Every neuron of a core is updated once in every step, active or not."""
    rng = np.random.default_rng(seed)
    placement = scattered(graph, rng)
    trace = chip_time_trace(graph, rng, steps=2)
    events = count_events(trace, placement, LOIHI1)
    for index, name in enumerate(placement.populations):
        for core in range(placement.cores_of(index).start, placement.cores_of(index).stop):
            mine = np.array(core_of_neurons(placement, index)) == core
            spikes = trace.neuron_spikes[name][:, mine].sum(axis=1)
            active = trace.neuron_active[name][:, mine].sum(axis=1)
            assert events.spikes[:, core].tolist() == spikes.tolist()
            assert events.active_updates[:, core].tolist() == active.tolist()
            both = events.active_updates[:, core] + events.inactive_updates[:, core]
            assert both.tolist() == [mine.sum()] * 2


def test_deep_layers_idle_while_they_wait_and_after() -> None:
    """T = 2 at depth 1: three chip steps; of `b` one neuron of six has a bias."""
    from tests.cost_example import population

    b = population("b", (2, 1, 3), bias=np.array([[[0, 0, 0]], [[0, 5, 0]]]))
    graph = ChipGraph(
        _spikes_in((1,)),
        (population("a", (4,)), b),
        (DenseProjection("in", "a", np.ones((4, 1), dtype=np.int64)),),
    )
    nothing = {"in": np.zeros((1, 2, 1), dtype=np.int64), "a": np.zeros((1, 2, 4), dtype=np.int64),
               "b": np.zeros((1, 2, 6), dtype=np.int64)}  # fmt: skip
    trace = fired_trace(graph, nothing, depth={"a": 0, "b": 1}, active=nothing)
    placement = scattered(graph, np.random.default_rng(0))
    events = count_events(trace, placement, LOIHI1)
    cores = placement.cores_of(1)
    assert events.active_updates[:, cores].sum(axis=1).tolist() == [1, 0, 0]
    assert events.inactive_updates[:, cores].sum(axis=1).tolist() == [5, 6, 6]


def _spikes_in(shape: tuple[int, ...]):  # type: ignore[no-untyped-def]
    from export.chip.graph import ChipInput

    return ChipInput("in", "spikes", shape)


def test_pipelined_steps_hold_the_same_events_in_turn() -> None:
    """With one sample behind the other no core waits: T steps, the window's counts, rolled."""
    from tests.cost_example import digits_graph, random_trace

    trace = random_trace(digits_graph())
    placement = scattered(trace.graph, np.random.default_rng(1))
    alone = count_events(trace, placement, LOIHI1)
    together = count_events(trace, placement, LOIHI1, pipelined=True)
    assert alone.steps == 6
    assert together.steps == 4
    for form, counted in together.synops.items():
        assert counted.sum() == alone.synops[form].sum()
    for kind in (*KINDS, "spikes"):
        assert getattr(together, kind).sum() == getattr(alone, kind).sum(), kind
    second = placement.cores_of(1)
    rolled = np.roll(alone.spikes[1:5, second], 1, axis=0)
    assert together.spikes[:, second].tolist() == rolled.tolist()


def test_words_in_and_out() -> None:
    """20 samples: 1024 biases written once each, 10 voltages read in the last step."""
    from tests.cost_example import digits_graph, random_trace

    trace = random_trace(digits_graph())
    placement = scattered(trace.graph, np.random.default_rng(2))
    events = count_events(trace, placement, LOIHI1)
    assert events.input_words.sum(axis=1).tolist() == [20 * 1024, 0, 0, 0, 0, 0]
    assert events.output_words.sum(axis=1).tolist() == [0, 0, 0, 0, 0, 200]
    each_step = count_events(replace(trace, input_writes=4), placement, LOIHI1)
    assert each_step.input_words.sum(axis=1).tolist() == [20 * 1024] * 4 + [0, 0]


def test_trace_without_counts_per_neuron_is_refused() -> None:
    """Which core an event belongs to can't be guessed."""
    from tests.cost_example import digits_graph, random_trace

    trace = replace(random_trace(digits_graph()), neuron_active={})
    with pytest.raises(ChipError, match="no counts per neuron of population 'l001_lif'"):
        count_events(trace, scattered(trace.graph, np.random.default_rng(0)), LOIHI1)


def test_stored_synops_of_all_cores_are_the_emulators() -> None:
    """In formats that count zeros, the sum over cores is the trace's own count."""
    from tests.cost_example import digits_graph

    conv, dense = digits_graph().projections
    # Where a neuron's weights onto a core are all zero, the chip has no axon to count at.
    full = replace(dense, weight=np.where(dense.weight == 0, 2, dense.weight))
    graph = replace(digits_graph(), projections=(conv, full))
    inputs = np.random.default_rng(0).integers(-3000, 3000, (8, 16, 8, 8))
    trace = simulate(graph, inputs, count_neurons=True)
    placement = scattered(graph, np.random.default_rng(3))
    formats: tuple[SynapseFormat, ...] = ("conv", "dense")
    assert [isinstance(p, ConvProjection) for p in graph.projections] == [True, False]
    placement = replace(placement, formats=formats)
    events = count_events(trace, placement, LOIHI1)
    for index in range(3):
        cores, depth = placement.cores_of(index), int(trace.depth[index])
        synops = sum(c[:, cores].sum(axis=1) for c in events.synops.values())
        expected = trace.synops[:, :, index].sum(axis=0)
        assert synops[depth : depth + 4].tolist() == expected.tolist()
    assert trace.synops.sum() > 0
