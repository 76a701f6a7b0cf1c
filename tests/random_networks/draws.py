"""Random integers for one network: weights, delays, decays, biases, geometry of a convolution."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator

from export.chip.graph import IntArray
from tests.random_chip_graphs import integers

WEIGHTS = ("odd", "extreme", "even", "positive", "negative")
"""Kinds of weight matrix; the last two have one sign only."""


def weights(rng: Generator, shape: tuple[int, ...], kind: str) -> IntArray:
    """A matrix or kernel, all of it legal in netx whatever its kind."""
    if kind == "positive":
        drawn = rng.integers(0, rng.integers(20, 256), shape)
    elif kind == "negative":
        # Lava corrupts a minimum of -1, -2, -4, ..., and zeros beside an odd weight below -128.
        lowest = int(rng.choice([37, 77, 126, 201, 255]))
        drawn = -rng.integers(int(lowest > 128), lowest + 1, shape)
        drawn.flat[0] = -lowest
    elif kind == "extreme":
        drawn = rng.choice([-256, -255, -128, 0, 3, 129, 253, 254], shape)
    else:
        drawn = rng.integers(-rng.integers(15, 80), rng.integers(30, 140), shape)
    if kind == "even":
        drawn = drawn // 2 * 2
    if kind == "odd":
        drawn |= rng.random(shape) < 0.5
    if kind in ("odd", "even", "extreme"):
        drawn.flat[: min(2, drawn.size)] = (-14, 24)[: min(2, drawn.size)]
    if kind == "positive":
        drawn.flat[0] = max(1, int(drawn.flat[0]))
    return integers(drawn)


def delays(rng: Generator, shape: tuple[int, int], kind: str) -> IntArray:
    """Extra steps [targets, sources]: one per `synapse`, per `output`, or the `same` for all."""
    if kind == "synapse":
        return integers(rng.choice([0, 1, 2, 3, 5, 9, 14], shape))
    column = rng.integers(0, 7, (shape[0], 1)) if kind == "output" else rng.integers(1, 4, (1, 1))
    return integers(np.broadcast_to(column, shape))


def decay(rng: Generator, shape: tuple[int, ...], *, spread: bool) -> IntArray:
    """Nothing kept, everything kept or anything between; one value, or one per neuron."""
    if spread:
        return integers(rng.integers(0, 4097, shape))
    anything = int(rng.integers(1, 4096))
    return integers(rng.choice([4096, 0, anything, anything], p=[0.35, 0.1, 0.35, 0.2]))


def bias(rng: Generator, shape: tuple[int, ...], size: int, *, spread: bool) -> IntArray:
    """Mantissas up to +-size: one per neuron, or one per channel of maps."""
    wanted = shape if spread or len(shape) == 1 else (shape[0], 1, 1)
    return integers(rng.integers(-size // 3, size + 1, wanted))


@dataclass(frozen=True)
class Geometry:
    """Of a convolution: kernel, stride, padding, dilation as (rows, columns), and groups."""

    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1

    def fields(self) -> dict[str, Any]:
        """What a ConvProjection calls them."""
        return {k: v for k, v in vars(self).items() if k != "kernel"}


def geometry(rng: Generator, shape: tuple[int, ...], *, rich: bool) -> Geometry:
    """One that fits maps of this shape, (C, H, W)."""
    if not rich:
        side = min(int(rng.integers(1, 4)), shape[1], shape[2])
        return Geometry((side, side), padding=(side // 2, side // 2))
    kernel = (int(rng.integers(1, 4)), int(rng.integers(1, 4)))
    dilation = (int(rng.integers(1, 3)), int(rng.integers(1, 3)))
    padding = (int(rng.integers(0, 3)), int(rng.integers(0, 3)))
    stride = (int(rng.integers(1, 3)), int(rng.integers(1, 4)))
    groups = int(rng.choice([g for g in (1, 2, 3, 4) if shape[0] % g == 0]))
    needed = [d * (k - 1) + 1 - 2 * p for d, k, p in zip(dilation, kernel, padding, strict=True)]
    if needed[0] > shape[1] or needed[1] > shape[2]:
        return geometry(rng, shape, rich=True)
    return Geometry(kernel, stride, padding, dilation, groups)
