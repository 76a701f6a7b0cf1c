"""What the emulator refuses to run, and the one line it says."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from export.chip.graph import (
    ChipGraph,
    ChipInput,
    DenseProjection,
    IntArray,
    Population,
    Readout,
)
from hwsim.engine.simulate import simulate
from hwsim.errors import SimulationError
from tests.random_chip_graphs import Chain
from tests.small_chip_graphs import chain, skip, spikes


@pytest.mark.parametrize(
    ("threshold", "weight", "fault"),
    [(0, 200, "fired"), (131071, 200, "fired"), (131071, -200, "saturated")],
)
def test_a_readout_that_breaks_is_refused(threshold: int, weight: int, fault: str) -> None:
    """The message names population, sample and step."""
    fields = (np.array(4096), np.array(0), np.array(threshold), np.array(0))
    graph = ChipGraph(
        ChipInput("in", "graded", (2,)),
        (Population("out", (1,), *fields),),
        (DenseProjection("in", "out", np.array([[weight, weight]])),),
        readouts=(Readout("out", 1.0),),
    )
    inputs = np.zeros((3, 4, 2), dtype=np.int64)
    inputs[1, 1:] = 300
    with pytest.raises(
        SimulationError, match=rf"'out': 1 of its neurons {fault} at step \d of sample 1"
    ):
        simulate(graph, inputs)


def test_a_readout_that_wraps_is_refused() -> None:
    """A wrapped current would leave a small, wrong voltage without firing or saturating."""
    fields = (np.array(4096), np.array(0), np.array(131071), np.array(0))
    graph = ChipGraph(
        ChipInput("in", "graded", (1,)),
        (Population("out", (1,), *fields),),
        (DenseProjection("in", "out", np.array([[256]])),),
        readouts=(Readout("out", 1.0),),
    )
    with pytest.raises(SimulationError, match="'out': 1 of its neurons wrapped at step 1"):
        simulate(graph, np.array([[[1023]]]))


def zeros(*shape: int) -> IntArray:
    """Silence."""
    return np.zeros(shape, dtype=np.int64)


SPIKES, BIASES = chain(23).graph(4), chain(23, "bias").graph(4)
STEPS = {"reset": "none", "steps": 3}
REFUSED: dict[str, tuple[ChipGraph, Any, dict[str, Any], str]] = {
    "shape": (SPIKES, zeros(2, 4, 3), {}, r"shape \(2, 4, 3\), expected.*or \[N, T, 2, 4, 3\]"),
    "bias shape": (BIASES, zeros(2, 5), {}, r"expected \[N, 2, 4, 3\] or \[N, T, 2, 4, 3\]"),
    "dtype": (SPIKES, zeros(2, 4, 2, 4, 3) / 2, {}, "dtype float64, expected integers"),
    "empty": (SPIKES, zeros(0, 4, 2, 4, 3), {}, "holds no sample"),
    "not binary": (SPIKES, zeros(1, 4, 2, 4, 3) + 3, {}, r"value 3 in form 'spikes'.*'graded'"),
    "negative": (SPIKES, zeros(1, 4, 2, 4, 3) - 1, {}, "value -1 in form 'spikes'"),
    "bias range": (BIASES, zeros(1, 2, 4, 3) - 40000, {}, r"value -40000 exceeds \+-32767"),
    "window": (SPIKES, zeros(1, 5, 2, 4, 3), {}, "time_steps = 4 but the inputs' steps = 5"),
    "steps": (BIASES, zeros(1, 2, 4, 3), {"steps": 9}, "time_steps = 4 but steps = 9"),
    "no steps": (replace(BIASES, time_steps=None), zeros(1, 2, 4, 3), {}, "Give steps"),
    "zero steps": (BIASES, zeros(1, 2, 4, 3), {"steps": 0, "reset": "none"}, "steps = 0"),
    "cut": (SPIKES, zeros(1, 5, 2, 4, 3), STEPS, "5 steps, but steps = 3"),
    "short biases": (BIASES, zeros(1, 2, 2, 4, 3), STEPS, "biases for 2 steps"),
    "batch": (BIASES, zeros(1, 2, 4, 3), {"batch_size": 0}, "batch_size = 0"),
    "device": (BIASES, zeros(1, 2, 4, 3), {"device": "abacus"}, "device 'abacus'"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_refused_inputs(case: tuple[ChipGraph, Any, dict[str, Any], str]) -> None:
    """One line that says what was given and what is expected."""
    graph, inputs, options, message = case
    with pytest.raises(SimulationError, match=message) as raised:
        simulate(graph, inputs, **options)
    assert "\n" not in str(raised.value)


def test_a_payload_beyond_24_bits_is_refused() -> None:
    """Graded spikes have an end too."""
    with pytest.raises(SimulationError, match=r"exceeds \+-8388607"):
        simulate(chain(24, "graded").graph(1), np.full((1, 1, 2, 4, 3), 1 << 23))


def test_mixed_delays_need_raw_time() -> None:
    """Spikes that arrive at different steps would reach into the next sample's window."""
    delay = np.arange(20).reshape(4, 5) % 3
    network = Chain(25, "spikes", (5,)).dense(4, threshold=60, delay=delay)
    with pytest.raises(SimulationError, match=r"'input' -> 'p0': delays of 0 to 2.*reset 'none'"):
        simulate(network.graph(3), spikes(26, 1, 3, 5))


def test_ways_of_different_length_need_raw_time() -> None:
    """Both ways are spelt out."""
    graph = skip(27)
    plain = tuple(
        replace(p, delay=None) for p in graph.projections if isinstance(p, DenseProjection)
    )
    with pytest.raises(
        SimulationError, match="1 steps apart over 'in -> mid -> end' and 'in -> end'"
    ):
        simulate(replace(graph, projections=plain), spikes(28, 1, 3, 6))
