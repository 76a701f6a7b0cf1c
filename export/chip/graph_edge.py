"""One projection of a graph file: its ends, its kind, and netx's datasets of a layer's synapses."""

import math
from collections.abc import Callable, Mapping

import h5py
import numpy as np

from export.chip.graph import ConvProjection, DenseProjection, Projection
from export.chip.hdf5_guard import GuardedGroup
from export.errors import InvalidGraph, UnsupportedLayer

Shapes = Mapping[str, tuple[int, ...]]
"""Of every population, and of the external input by its name."""

GEOMETRY = ("stride", "padding", "dilation")


def write_edge(group: h5py.Group, projection: Projection) -> None:
    """Fills an empty group with one projection."""
    conv = isinstance(projection, ConvProjection)
    group["type"] = np.array(["conv" if conv else "dense"], dtype="S10")
    group["source"], group["target"] = projection.source, projection.target
    # The writer has checked weights and delays against their ranges, which these types hold.
    group["weight"] = projection.weight.astype(np.int16)
    if isinstance(projection, ConvProjection):
        for key in GEOMETRY:
            group[key] = np.array(getattr(projection, key))
        group["groups"] = projection.groups
        group["delay"] = projection.delay
    elif projection.delay is not None:
        group["delay"] = projection.delay.astype(np.int8)


def read_edge(group: GuardedGroup, shapes: Shapes) -> Projection:
    """A projection whose arrays were held against the shapes of its ends before they were read.

    Raises:
        UnsupportedLayer: its kind is unknown.
        InvalidGraph: an end is unknown, or an array doesn't fit the ends.
        FileError: a dataset is missing or damaged.
    """
    kind = group.text("type")
    if kind not in READERS:
        raise UnsupportedLayer(
            f"{group.where}: type {kind[:40]!a} isn't supported. Known: {', '.join(READERS)}."
        )
    source, target = group.text("source"), group.text("target")
    for end in (source, target):
        if end not in shapes:
            raise InvalidGraph(
                f"{group.where}: there is no population {end[:40]!a}. "
                f"Known: {', '.join(list(shapes)[:16])}."
            )
    return READERS[kind](group, source, target, shapes)


def _read_dense(group: GuardedGroup, source: str, target: str, shapes: Shapes) -> Projection:
    known = ("type", "source", "target", "weight")
    delayed = "delay" in group.names()
    group.expect_only(*known, *(["delay"] if delayed else []))
    expected = (math.prod(shapes[target]), math.prod(shapes[source]))
    for key in ("weight", "delay") if delayed else ("weight",):
        if group.shape(key) != expected:
            raise InvalidGraph(
                f"{group.where}: {key} has shape {group.shape(key)}, expected (targets, sources) "
                f"= {expected}. Write the file again."
            )
    delay = group.integers("delay") if delayed else None
    return DenseProjection(source, target, group.integers("weight"), delay)


def _read_conv(group: GuardedGroup, source: str, target: str, shapes: Shapes) -> Projection:
    group.expect_only("type", "source", "target", "weight", *GEOMETRY, "groups", "delay")
    ends, claimed = (shapes[source], shapes[target]), group.shape("weight")
    fits = len(claimed) == 4 and all(len(end) == 3 for end in ends)
    if not fits or claimed[0] != ends[1][0] or claimed[1] > ends[0][0]:
        raise InvalidGraph(
            f"{group.where}: weight has shape {claimed}, expected (O, I/groups, kH, kW) from "
            f"{ends[0]} to {ends[1]}. Write the file again."
        )
    stride, padding, dilation = (_pair(group, key) for key in GEOMETRY)
    return ConvProjection(
        source, target, group.integers("weight"), stride, padding, dilation,
        groups=_value(group, "groups"), delay=_value(group, "delay"),
    )  # fmt: skip


READERS: dict[str, Callable[[GuardedGroup, str, str, Shapes], Projection]] = {
    "conv": _read_conv,
    "dense": _read_dense,
}


def _pair(group: GuardedGroup, key: str) -> tuple[int, int]:
    _expect_shape(group, key, (2,))
    rows, columns = group.integers(key).tolist()
    return rows, columns


def _value(group: GuardedGroup, key: str) -> int:
    _expect_shape(group, key, ())
    return int(group.integers(key))


def _expect_shape(group: GuardedGroup, key: str, expected: tuple[int, ...]) -> None:
    if group.shape(key) != expected:
        raise InvalidGraph(
            f"{group.where}: {key} has shape {group.shape(key)}, expected {expected}. "
            "Write the file again."
        )
