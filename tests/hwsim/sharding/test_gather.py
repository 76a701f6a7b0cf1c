"""Traces of shares become the trace of all; torch.distributed's sockets are queues here."""

from collections import defaultdict, deque
from dataclasses import dataclass, field

import numpy as np
import pytest
from torch import Tensor
from torch import distributed as dist

from export.chip.graph import IntArray
from hwsim.engine.recording import STATES, Recording, in_memory
from hwsim.engine.simulate import simulate
from hwsim.engine.trace import COUNTS, Trace
from hwsim.sharding import ranks as ranks_module
from hwsim.sharding.gather import gathered, part_of_recording
from hwsim.sharding.ranks import Ranks
from tests.small_chip_graphs import chain, spikes

GRAPH = chain(3).readout(3).graph(4)
INPUTS = spikes(4, 7, 4, 2, 4, 3)


@dataclass
class Wires:
    """What is on its way to the first process, by sender."""

    sender: int = 0
    pieces: dict[int, deque[Tensor]] = field(default_factory=lambda: defaultdict(deque))

    def send(self, piece: Tensor, target: int) -> None:
        assert target == 0
        self.pieces[self.sender].append(piece.clone())

    def receive(self, piece: Tensor, rank: int) -> None:
        sent = self.pieces[rank].popleft()
        assert sent.shape == piece.shape
        piece.copy_(sent)


@pytest.fixture
def wires(monkeypatch: pytest.MonkeyPatch) -> Wires:
    """Queues in place of sockets, with pieces of 48 bytes."""
    made = Wires()
    monkeypatch.setattr(dist, "send", made.send)
    monkeypatch.setattr(dist, "recv", made.receive)
    monkeypatch.setattr(ranks_module, "PIECE_BYTES", 48)
    monkeypatch.setattr(Ranks, "_exchange", lambda ranks, value: [value] * ranks.number)
    return made


def share(ranks: Ranks, inputs: IntArray, recording: Recording, *, counted: bool) -> Trace | None:
    """What one process simulates."""
    part = ranks.share(len(inputs))
    if part.start == part.stop:
        return None
    kept = part_of_recording(recording, part)
    return simulate(GRAPH, inputs[part], record=kept or False, count_neurons=counted)


def together(
    wires: Wires, number: int, inputs: IntArray, recording: Recording, *, counted: bool = True
) -> Trace:
    """All processes, the first one last, since it alone waits."""
    whole = None
    for rank in reversed(range(number)):
        wires.sender = rank
        ranks = Ranks(rank, number)
        trace = share(ranks, inputs, recording, counted=counted)
        whole = gathered(trace, recording, len(inputs), ranks, in_memory)
        assert (whole is None) == (rank > 0)
    assert whole is not None
    assert not any(wires.pieces.values())
    return whole


@pytest.mark.parametrize("number", [2, 3, 9])
def test_counts_by_neuron_are_added(wires: Wires, number: int) -> None:
    """Rows end to end, counts over samples summed; with more processes than samples too."""
    recording = Recording({"p0": frozenset({"s"}), "p1": frozenset(STATES)}, (1, 6))
    alone = simulate(GRAPH, INPUTS, record=recording, count_neurons=True)
    whole = together(wires, number, INPUTS, recording)
    for key in (*COUNTS, "readout", "output_spikes"):
        assert np.array_equal(getattr(whole, key), getattr(alone, key)), key
    for key in ("neuron_spikes", "neuron_active"):
        counts, expected = getattr(whole, key), getattr(alone, key)
        assert list(counts) == list(expected)
        for name, values in expected.items():
            assert counts[name].dtype == np.int64
            assert np.array_equal(counts[name], values), (key, name)
    for name, states in alone.recordings.items():
        for state, values in states.items():
            assert np.array_equal(whole.recordings[name][state], values)


def test_nothing_is_added_where_nothing_was_counted(wires: Wires) -> None:
    """As with a file from elsewhere."""
    whole = together(wires, 2, INPUTS, Recording({}), counted=False)
    assert whole.neuron_spikes == whole.neuron_active == {}


def test_the_share_is_left_as_it_was(wires: Wires) -> None:
    """Sums are made in arrays of their own."""
    ranks = Ranks(1, 2)
    wires.sender = 1
    nothing = Recording({})
    gathered(share(ranks, INPUTS, nothing, counted=True), nothing, 7, ranks, in_memory)
    own = share(Ranks(0, 2), INPUTS, nothing, counted=True)
    assert own is not None
    before = own.neuron_spikes["p0"].copy()
    whole = gathered(own, nothing, 7, Ranks(0, 2), in_memory)
    assert whole is not None
    assert np.array_equal(own.neuron_spikes["p0"], before)
    assert whole.neuron_spikes["p0"].sum() > before.sum()


def test_the_room_for_sums_is_asked_for_before_anything_travels(wires: Wires) -> None:
    """Scratch files may take it, and a full disk shows then."""
    asked: list[tuple[int, ...]] = []

    def allocate(shape: tuple[int, ...], dtype: object) -> IntArray:
        assert not wires.pieces[1]
        asked.append(shape)
        return np.zeros(shape, dtype=dtype)  # type: ignore[call-overload, no-any-return]

    trace = share(Ranks(0, 2), INPUTS, Recording({}), counted=True)
    with pytest.raises(IndexError):
        gathered(trace, Recording({}), 7, Ranks(0, 2), allocate)
    shapes = [(4, GRAPH.population(name).neurons) for name in ("p0", "p1", "p2")]
    for shape in ((4, 24), *shapes, *shapes):
        asked.remove(shape)
