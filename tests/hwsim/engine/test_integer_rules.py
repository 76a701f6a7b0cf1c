"""Each integer rule over its whole range, against Python's unbounded integers.

Every neuron of a population has one synapse of its own and its own parameters, so that one run of
the emulator tries many values at once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from operator import floordiv, mod
from typing import TypeVar

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from export.chip.graph import (
    ChipGraph,
    ChipInput,
    ConvProjection,
    DenseProjection,
    IntArray,
    Population,
    Projection,
)
from export.chip.limits import THRESHOLD_MANT_LAVA_MAX, THRESHOLD_MANT_MAX
from hwsim.engine.simulate import simulate
from tests.random_chip_graphs import integers
from tests.random_networks.big_integers import LIMIT, Fields, course, decayed, held_in, next_v

PAYLOAD_MAX = 2**23 - 1
NOTHING_KEPT, ALL_KEPT = 4096, 0
EDGES = [
    sign * (edge + offset)
    for edge in (0, 63, 4095, 2**16, 2**17, 2**22, LIMIT, 2**24, 2**25, 2**31 - 3)
    for sign in (-1, 1)
    for offset in (-2, -1, 0, 1, 2)
]


def whole(low: int, high: int) -> st.SearchStrategy[int]:
    """Any integer of a range, those around the chip's limits more often."""
    edges = [value for value in EDGES if low <= value <= high]
    return st.one_of(st.integers(low, high), st.sampled_from([low, high, *edges]))


DECAY = st.one_of(st.sampled_from([0, 1, 4095, 4096]), st.integers(0, 4096))
FIELDS = st.builds(
    Fields, DECAY, DECAY, whole(0, THRESHOLD_MANT_LAVA_MAX), whole(-(2**15) + 1, 2**15 - 1)
)


@dataclass(frozen=True)
class Synapse:
    """A weight and the payloads it gets, one per step."""

    weight: int
    payloads: list[int]

    @property
    def sums(self) -> list[int]:
        """What arrives over it."""
        return [self.weight * payload for payload in self.payloads]


PAYLOADS = st.lists(whole(-PAYLOAD_MAX, PAYLOAD_MAX), min_size=6, max_size=6)
SYNAPSE = st.builds(Synapse, st.integers(-256, 255), PAYLOADS)
Drawn = TypeVar("Drawn")


def many(drawn: st.SearchStrategy[Drawn]) -> st.SearchStrategy[list[Drawn]]:
    """One neuron or several."""
    return st.lists(drawn, min_size=1, max_size=30)


def states(
    fields: list[Fields], payloads: list[list[int]], joined: Callable[[int], Projection]
) -> list[list[tuple[int, int, int]]]:
    """(u, v, s) of each neuron after each step, as the emulator computes them.

    Args:
        fields: of each neuron.
        payloads: of each source, one per step.
        joined: the synapses onto so many neurons.
    """
    rows = integers(payloads).T[None]
    columns = {
        key: integers([getattr(neuron, key) for neuron in fields])[:, None, None]
        for key in ("decay_u", "decay_v", "threshold", "bias")
    }
    shape = (len(fields), 1, 1)
    graph = ChipGraph(
        ChipInput("source", "graded", (len(payloads), 1, 1)),
        (Population("target", shape, **columns),),
        (joined(len(fields)),),
        time_steps=rows.shape[1],
    )
    trace = simulate(graph, rows.reshape(*rows.shape, 1, 1), record=True)
    u, v, s = (trace.recordings["target"][key][0, :, :, 0, 0].T.tolist() for key in "uvs")
    return [list(zip(*neuron, strict=True)) for neuron in zip(u, v, s, strict=True)]


def one_to_one(weights: list[int]) -> Callable[[int], Projection]:
    """A dense matrix with one synapse per neuron."""
    return lambda _: DenseProjection("source", "target", np.diag(integers(weights)))


def depthwise(weights: list[int]) -> Callable[[int], Projection]:
    """A convolution with one kernel weight per channel and neuron."""
    kernel: IntArray = integers(weights).reshape(-1, 1, 1, 1)
    return lambda count: ConvProjection("source", "target", kernel, groups=count)


@settings(deadline=None)
@given(many(st.tuples(FIELDS, SYNAPSE)))
def test_whole_courses(drawn: list[tuple[Fields, Synapse]]) -> None:
    """u, v and s over six steps of any sums (all of int32), decays, thresholds and biases."""
    found = states(
        [fields for fields, _ in drawn],
        [synapse.payloads for _, synapse in drawn],
        one_to_one([synapse.weight for _, synapse in drawn]),
    )
    assert found == [course(fields, synapse.sums) for fields, synapse in drawn]


@settings(deadline=None)
@given(many(st.tuples(SYNAPSE, DECAY)))
def test_convolution_sums_wrap_at_24_bits(drawn: list[tuple[Synapse, int]]) -> None:
    """Before anything else happens to them, whatever the payload."""
    fields = [Fields(decay, NOTHING_KEPT, THRESHOLD_MANT_MAX, 0) for _, decay in drawn]
    found = states(
        fields,
        [synapse.payloads for synapse, _ in drawn],
        depthwise([synapse.weight for synapse, _ in drawn]),
    )
    for neuron, (synapse, _), seen in zip(fields, drawn, found, strict=True):
        assert seen == course(neuron, [held_in(24, a) for a in synapse.sums])


@settings(deadline=None)
@given(many(st.tuples(whole(-(2**17) + 1, 2**17), DECAY, DECAY)))
def test_decay_drops_the_fraction_toward_zero(drawn: list[tuple[int, int, int]]) -> None:
    """From any u a sum can reach, step by step, of u and of v alike."""
    fields = [Fields(u, v, THRESHOLD_MANT_MAX, 0) for _, u, v in drawn]
    payloads = [[a, 0, 0, 0, 0] for a, _, _ in drawn]
    found = states(fields, payloads, one_to_one([1] * len(drawn)))
    for neuron, (a, _, _), seen in zip(fields, drawn, found, strict=True):
        assert seen[0][0] == 64 * a
        for (u, v, fired), (later_u, later_v, fires) in pairwise(seen):
            assert later_u == decayed(u, neuron.decay_u)
            assert fired or fires or later_v == next_v(v, neuron.decay_v, later_u, 0)


@settings(deadline=None)
@given(many(st.tuples(whole(0, THRESHOLD_MANT_MAX), st.sampled_from([-1, 0, 1]))))
def test_the_threshold_is_strict(drawn: list[tuple[int, int]]) -> None:
    """One unit below or exactly on it a neuron keeps v, one unit above it fires and v is 0."""
    fields = [Fields(NOTHING_KEPT, ALL_KEPT, threshold, 0) for threshold, _ in drawn]
    payloads = [[threshold + offset] for threshold, offset in drawn]
    found = states(fields, payloads, one_to_one([1] * len(drawn)))
    for (threshold, offset), [(u, v, fired)] in zip(drawn, found, strict=True):
        assert u == 64 * (threshold + offset)
        assert (v, fired) == ((0, 1) if offset > 0 else (u, 0))


@settings(deadline=None)
@given(many(st.tuples(whole(-(2**15) + 1, 2**15 - 1), whole(-(2**17) + 1, 2**17))))
def test_a_bias_enters_v_alone(drawn: list[tuple[int, int]]) -> None:
    """64 times its mantissa, all of int16; v saturates below Lava's largest threshold, 2^23."""
    never = THRESHOLD_MANT_LAVA_MAX
    fields = [Fields(NOTHING_KEPT, NOTHING_KEPT, never, bias) for bias, _ in drawn]
    found = states(fields, [[a] for _, a in drawn], one_to_one([1] * len(drawn)))
    for (bias, a), [(u, v, fired)] in zip(drawn, found, strict=True):
        assert u == 64 * a
        assert v == min(LIMIT - 1, max(1 - LIMIT, 64 * (a + bias)))
        assert not fired


@settings(deadline=None)
@given(many(st.tuples(whole(-(2**30), 2**30 - 1), DECAY)))
def test_u_wraps_by_one_correction(drawn: list[tuple[int, int]]) -> None:
    """From any sum, in 32 bits: +2^23 stays, -2^23 turns positive, far sums stay far outside."""
    fields = [Fields(decay, NOTHING_KEPT, THRESHOLD_MANT_MAX, 0) for _, decay in drawn]
    # Two synapses, of weights 256 and 1, make any sum of payloads of 23 bits.
    coarse, fine = ([part(a, 256) for a, _ in drawn] for part in (floordiv, mod))
    found = states(
        fields,
        [[high, high] for high in coarse] + [[low, low] for low in fine],
        lambda count: DenseProjection(
            "source", "target", np.hstack([k * np.eye(count, dtype=np.int64) for k in (256, 1)])
        ),
    )
    for neuron, (a, _), seen in zip(fields, drawn, found, strict=True):
        assert seen == course(neuron, [a, a])


@settings(deadline=None)
@given(st.lists(st.lists(whole(-PAYLOAD_MAX, PAYLOAD_MAX), min_size=8, max_size=8), min_size=1,
                max_size=8), st.integers(0, 4096))  # fmt: skip
def test_sums_of_several_synapses(payloads: list[list[int]], decay: int) -> None:
    """A neuron adds all its synapses before its sum is shifted, also where single ones are vast."""
    weights = [(-1) ** k * (k + 1) for k in range(len(payloads))]
    fields = [Fields(decay, NOTHING_KEPT, THRESHOLD_MANT_MAX, 0)] * len(payloads)
    found = states(
        fields, payloads,
        lambda count: DenseProjection("source", "target", integers([weights] * count)),
    )  # fmt: skip
    totals = [sum(w * row[t] for w, row in zip(weights, payloads, strict=True)) for t in range(8)]
    assert found == [course(fields[0], totals)] * len(payloads)
