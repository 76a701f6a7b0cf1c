"""Projections onto one population before quantisation: one per source and kind of window."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import nir
import numpy as np

from export.quantizing.compose import FloatConv, FloatDense, compose
from export.quantizing.segments import Path, Segment, paths
from export.window import Pair

WEIGHTED = nir.Conv2d | nir.Affine | nir.Linear


@dataclass(frozen=True)
class Afferent:
    """One projection's float weights.

    Args:
        source: population or external input.
        weights: convolution or matrix.
        bare: no layer with weights stands on the way: an identity or pooled spikes, whose weights
            the network's form fixes.
    """

    source: str
    weights: FloatConv | FloatDense
    bare: bool


def afferents(segment: Segment, live: Mapping[str, Pair]) -> tuple[Afferent, ...]:
    """What feeds a population; parallel paths become one where their windows agree.

    Args:
        segment: ends at the population.
        live: per source with silenced neurons, its rows and columns that can fire.

    Raises:
        LimitExceeded: too many paths, or a matrix too large to write out.
    """
    found: dict[tuple[object, ...], Afferent] = {}
    for path in paths(segment):
        new = Afferent(path.source, compose(path, live.get(path.source)), _bare(path))
        key = (new.source, new.bare, *_window(new.weights))
        found[key] = _sum(found[key], new) if key in found else new
    return tuple(found.values())


def fixed_weights(given: tuple[Afferent, ...]) -> tuple[float, float] | None:
    """Smallest and largest |weight| of bare paths, None where every path has weights of its own."""
    bare = [np.abs(afferent.weights.weight) for afferent in given if afferent.bare]
    sizes = [weight[weight != 0] for weight in bare]
    if not sizes:
        return None
    return min(float(size.min()) for size in sizes), max(float(size.max()) for size in sizes)


def _bare(path: Path) -> bool:
    return not any(isinstance(node.node, WEIGHTED) for node in path.nodes)


def _window(weights: FloatConv | FloatDense) -> tuple[object, ...]:
    if isinstance(weights, FloatDense):
        return ("matrix",)
    shape = weights.weight.shape
    return (shape, weights.stride, weights.padding, weights.dilation, weights.groups)


def _sum(first: Afferent, second: Afferent) -> Afferent:
    summed = replace(
        first.weights,
        weight=first.weights.weight + second.weights.weight,
        bias=first.weights.bias + second.weights.bias,
    )
    return replace(first, weights=summed)
