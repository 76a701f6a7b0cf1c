"""When two chip graphs are the same network."""

from dataclasses import is_dataclass

import numpy as np

from export.chip.graph import ChipGraph, ConvProjection, DenseProjection, Population, Projection


def assert_same_graph(first: ChipGraph, second: ChipGraph) -> None:
    """Names, order, shapes, integers and facts agree; scalars may stand for equal arrays."""
    for key in ("input", "time_steps", "readouts", "classes", "host"):
        assert getattr(first, key) == getattr(second, key), key
    for mine, theirs in zip(first.populations, second.populations, strict=True):
        assert_same_population(mine, theirs)
    for ours, other in zip(
        sorted(first.projections, key=ends), sorted(second.projections, key=ends), strict=True
    ):
        assert_same_projection(ours, other)


def assert_equal_graph(first: ChipGraph, second: ChipGraph) -> None:
    """The same to the last field: order, shapes and dtypes of arrays, what is None."""
    assert plain(first) == plain(second)


def plain(value: object) -> object:
    """Dataclasses as dictionaries and arrays as lists, with their types."""
    if isinstance(value, np.ndarray):
        return str(value.dtype), value.shape, value.tolist()
    if isinstance(value, tuple):
        return tuple(plain(item) for item in value)
    if is_dataclass(value):
        fields = {key: plain(item) for key, item in vars(value).items()}
        return type(value).__name__, fields
    return type(value).__name__, value


def assert_same_population(first: Population, second: Population) -> None:
    """Same name, shape and parameters of every neuron."""
    assert (first.name, first.shape) == (second.name, second.shape)
    for key in ("decay_u", "decay_v", "threshold", "bias"):
        mine, theirs = (np.broadcast_to(getattr(p, key), p.shape) for p in (first, second))
        assert mine.dtype == theirs.dtype == np.int64
        assert np.array_equal(mine, theirs), (first.name, key)


def assert_same_projection(first: Projection, second: Projection) -> None:
    """Same ends, weights, delays and geometry; no delay equals a delay of 0."""
    assert ends(first) == ends(second)
    assert np.array_equal(first.weight, second.weight)
    if isinstance(first, ConvProjection):
        assert isinstance(second, ConvProjection)
        for key in ("stride", "padding", "dilation", "groups", "delay"):
            assert getattr(first, key) == getattr(second, key), key
    elif isinstance(first, DenseProjection):
        assert isinstance(second, DenseProjection)
        mine, theirs = (0 if p.delay is None else p.delay for p in (first, second))
        shape = first.weight.shape
        assert np.array_equal(np.broadcast_to(mine, shape), np.broadcast_to(theirs, shape))


def ends(projection: Projection) -> tuple[str, str]:
    """Source and target."""
    return projection.source, projection.target
