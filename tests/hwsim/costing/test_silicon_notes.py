"""Each known difference between Lava and silicon is told where it matters, with its numbers."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from export.chip.graph import ChipGraph, ChipInput, ConvProjection, HostEncoder
from hwsim.costing.cost import cost
from hwsim.costing.silicon_notes import silicon_notes
from hwsim.engine.simulate import simulate
from tests.cost_example import population
from tests.small_chip_graphs import spikes

INPUTS = spikes(2, 6, 5, 2, 4, 4)


def graph(**changes: Any) -> ChipGraph:
    """A convolution without anything remarkable; the changes are of its projection."""
    conv = ConvProjection("in", "p", np.full((3, 2, 2, 2), 4))
    return ChipGraph(
        ChipInput("in", "spikes", (2, 4, 4)),
        (population("p", (3, 3, 3), threshold=300),),
        (replace(conv, **changes),),
    )


def notes(network: ChipGraph, scale: int = 1) -> list[str]:
    """All but the last, which every network gets."""
    found = silicon_notes(simulate(network, INPUTS * scale, reset="none"))
    assert found[-1].startswith("Neurons have no refractory period")
    return list(found[:-1])


def test_an_ordinary_network() -> None:
    """Nothing but that neurons don't pause; mixed signs are fine while small, odd or not."""
    assert notes(graph()) == []
    assert notes(graph(weight=np.arange(-12, 12).reshape(3, 2, 2, 2))) == []
    assert notes(graph(weight=np.arange(24).reshape(3, 2, 2, 2) * 10)) == []


def test_weights() -> None:
    """Odd ones beside large ones of the other sign, and those beyond 8 bits."""
    weight = np.arange(-12, 12).reshape(3, 2, 2, 2) + 120
    weight[0, 0, 0, 0] = -2
    (note,) = notes(graph(weight=weight))
    assert "'in' -> 'p': 12 of 24 weights are odd" in note
    assert "weights up to 131" in note
    weight[0, 0, 0] = 256, -257
    (note,) = notes(graph(weight=weight))
    assert "2 of 24 weights lie outside -256 to 255" in note


def test_a_delayed_convolution() -> None:
    """Its synapses in full: 3 x 3 x 3 outputs with 8 inputs each."""
    (note,) = notes(graph(delay=2))
    assert "a delay of 2 can't share its 24 weights" in note
    assert "216 sparse synapses" in note


def test_biases_and_thresholds() -> None:
    """Beyond the chip's fields, counted per neuron."""
    wide = replace(
        graph().populations[0],
        bias=np.array([4095, -4096, 9000]).reshape(3, 1, 1),
        threshold=np.array(131072),
    )
    bias, threshold = notes(replace(graph(), populations=(wide,)))
    assert "18 of 27 bias mantissas exceed the +-4095" in bias
    assert bias.endswith("the largest is 9,000.")
    assert "threshold mantissa of 131,072 exceeds the 17 bits, 131,071" in threshold


def test_overflow_is_counted() -> None:
    """As the trace counts it, over all samples."""
    huge = graph(weight=np.full((3, 2, 2, 2), 20_000))
    keeping: dict[str, Any] = {
        "decay_u": np.array(9),
        "decay_v": np.array(0),
        "threshold": np.array(131071),
    }
    huge = replace(huge, populations=(replace(huge.populations[0], **keeping),))
    trace = simulate(huge, INPUTS, reset="none")
    wraps, saturations = int(trace.wraps.sum()), int(trace.saturations.sum())
    assert min(wraps, saturations) > 0
    _, first, second = notes(huge)
    assert f"u left 24 bits in {wraps:,} of 810 updates in 6 samples" in first
    assert f"v reached the end of its 24 bits in {saturations:,} of 810 updates" in second


@pytest.mark.parametrize(
    ("host", "words"),
    [
        (None, "whose range the file doesn't say"),
        (HostEncoder(0, 1.0, lowest=0, highest=15), "payloads of 4 bits. Only Loihi 2"),
        (HostEncoder(0, 1.0, lowest=-128, highest=127), "payloads of 8 bits and a sign"),
    ],
)
def test_payloads(host: HostEncoder | None, words: str) -> None:
    """Their bits, from what the host sends."""
    graded = replace(graph(), input=ChipInput("in", "graded", (2, 4, 4)), host=host)
    (note,) = notes(graded, scale=3)
    assert words in note


def test_successive_spikes_and_the_report() -> None:
    """Neurons that fire at every step; the report holds the same sentences."""
    eager = replace(graph(), populations=(population("p", (3, 3, 3), bias=100, threshold=10),))
    trace = simulate(eager, INPUTS, reset="none", count_neurons=True)
    found = silicon_notes(trace)
    assert int(trace.spikes.sum()) == 27 * 5 * 6
    assert "Of 810 spikes at least 648 came one step after another" in found[-1]
    assert cost(trace, "loihi1").silicon == found
