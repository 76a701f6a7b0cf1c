"""Sums of payloads against the chip's own arithmetic, and the bound that no input exceeds."""

import numpy as np
import pytest
from numpy.typing import NDArray

from export.chip.graph import ChipGraph, ChipInput, ConvProjection, DenseProjection, Population
from export.quantizing.compose import FloatConv, FloatDense
from export.quantizing.input_forms.weighted_sums import largest_sum, weighted_sums
from hwsim.engine.simulate import simulate

IntArray = NDArray[np.int64]


def currents_on_chip(graph: ChipGraph, payloads: IntArray) -> IntArray:
    """u / 64 of a population without memory: its synaptic sums."""
    trace = simulate(graph, payloads[:, None], reset="staggered", steps=1, record=True)
    return trace.recordings["p"]["u"][:, 0] >> 6


def population(shape: tuple[int, ...]) -> Population:
    """Neurons that forget u and v at once and hardly fire."""
    return Population(
        "p", shape, np.array(4096), np.array(4096), np.array(131071), np.zeros((), dtype=np.int64)
    )


def test_sums_are_the_chips() -> None:
    """A strided, padded, dilated, grouped convolution and a matrix, exactly."""
    rng = np.random.default_rng(0)
    kernel, payloads = rng.integers(-20, 20, (6, 2, 3, 2)), rng.integers(0, 99, (5, 4, 9, 8))
    conv = FloatConv(np.zeros(kernel.shape), np.zeros(6), (2, 1), (1, 2), (2, 3), 2)
    projection = ConvProjection("in", "p", kernel, (2, 1), (1, 2), (2, 3), 2)
    found = weighted_sums(conv, kernel, payloads.astype(np.float64))
    graph = ChipGraph(
        ChipInput("in", "graded", (4, 9, 8)), (population(found.shape[1:]),), (projection,)
    )
    np.testing.assert_array_equal(found, currents_on_chip(graph, payloads))
    matrix = rng.integers(-20, 20, (7, 4 * 9 * 8))
    dense = FloatDense(np.zeros(matrix.shape), np.zeros(7))
    found = weighted_sums(dense, matrix, payloads.astype(np.float64))
    graph = ChipGraph(
        ChipInput("in", "graded", (4, 9, 8)),
        (population((7,)),),
        (DenseProjection("in", "p", matrix),),
    )
    np.testing.assert_array_equal(found, currents_on_chip(graph, payloads))


@pytest.mark.parametrize("lowest", [0, -7, -31])
@pytest.mark.parametrize("sign", [1, -1])
def test_the_bound_is_reached_and_never_passed(lowest: int, sign: int) -> None:
    """By the payloads that follow the signs of one row, and by none of 2,000 others."""
    rng = np.random.default_rng(1)
    matrix = sign * rng.integers(-100, 200, (5, 40))
    bound = largest_sum(matrix, lowest, 31)
    favourable = np.where(matrix > 0, 31, lowest)
    opposed = np.where(matrix < 0, 31, lowest)
    extremes = np.concatenate([favourable, opposed]) @ matrix.T
    assert np.abs(extremes).max() == bound
    others = rng.integers(lowest, 32, (2000, 40)) @ matrix.T
    assert np.abs(others).max() <= bound
