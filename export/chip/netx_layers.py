"""Weights, delays and geometry of netx's `conv`, `dense` and `dense_rec` layers."""

import numpy as np

from export.chip.dense_rule import effective_dense
from export.chip.graph import ConvProjection, DenseProjection, IntArray
from export.chip.hdf5_guard import GuardedGroup
from export.chip.limits import DELAY_MAX
from export.chip.netx_limits import CONV_FIELD_MAX
from export.errors import InvalidGraph, LimitExceeded, UnsupportedLayer


def read_conv(layer: GuardedGroup, source: str, target: str) -> ConvProjection:
    """The synapses of a `conv` layer.

    Raises:
        UnsupportedLayer: the layer has delays, which Lava would ignore.
        LimitExceeded: stride, padding, dilation or groups leave Lava's int8.
        InvalidGraph: the kernel isn't (O, I / groups, kH, kW).
        FileError: a dataset is missing or damaged.
    """
    if "delay" in layer.names() and layer.integers("delay", truncate=True).any():
        raise UnsupportedLayer(
            f"{layer.where}: Lava would ignore the delays of a convolution. Remove them."
        )
    weight = layer.integers("weight", truncate=True)
    if weight.ndim == 5 and weight.shape[4] == 1:
        weight = weight[..., 0]
    if weight.ndim != 4:
        raise InvalidGraph(
            f"{layer.where}: weight has shape {weight.shape}, expected (O, I/groups, kH, kW)."
        )
    groups = _field(layer, "groups")
    if groups.size != 1:
        raise InvalidGraph(f"{layer.where}: groups has {groups.size} values, expected 1.")
    return ConvProjection(
        source,
        target,
        weight,
        stride=_pair(layer, "stride"),
        padding=_pair(layer, "padding"),
        dilation=_pair(layer, "dilation"),
        groups=int(groups.flat[0]),
    )


def read_dense(
    layer: GuardedGroup, source: str, target: str, neurons: int
) -> tuple[DenseProjection, ...]:
    """The synapses of a `dense` layer, and for `dense_rec` also those onto itself.

    Raises:
        UnsupportedLayer: complex weights, or delays in a recurrent layer.
        LimitExceeded: Lava would fail on the matrix or silently replace it.
        InvalidGraph: the matrix or the delays don't have the layer's shape.
        FileError: a dataset is missing or damaged.
    """
    if layer.is_group("weight"):
        raise UnsupportedLayer(f"{layer.where}: complex weights aren't supported. Use real ones.")
    weight = _matrix(layer, "weight", neurons)
    if layer.text("type") == "dense":
        delay = _delays(layer, weight.shape)
        return (DenseProjection(source, target, effective_dense(weight, layer.where), delay),)
    if "delay" in layer.names():
        raise UnsupportedLayer(f"{layer.where}: dense_rec with delays isn't supported. Remove them")
    recurrent = _matrix(layer, "weight_rec", neurons)
    if recurrent.shape != (neurons, neurons):
        raise InvalidGraph(
            f"{layer.where}: weight_rec has shape {recurrent.shape}, expected {(neurons, neurons)}."
        )
    joint = effective_dense(np.hstack((weight, recurrent)), layer.where)
    inputs = weight.shape[1]
    return (
        DenseProjection(source, target, np.array(joint[:, :inputs])),
        DenseProjection(target, target, np.array(joint[:, inputs:])),
    )


def _matrix(layer: GuardedGroup, key: str, neurons: int) -> IntArray:
    weight = layer.integers(key, truncate=True)
    if weight.ndim == 1 and weight.size % neurons == 0:
        weight = weight.reshape(neurons, -1)
    if weight.ndim != 2 or weight.shape[0] != neurons:
        raise InvalidGraph(
            f"{layer.where}: {key} has shape {weight.shape}, expected ({neurons}, sources)."
        )
    return weight


def _delays(layer: GuardedGroup, shape: tuple[int, ...]) -> IntArray | None:
    if "delay" not in layer.names():
        return None
    delay = layer.integers("delay", truncate=True)
    if delay.min() < 0:
        raise LimitExceeded(
            f"{layer.where}: delay {int(delay.min())} is negative, and Lava would drop those "
            "synapses. Use 0 or more."
        )
    # netx reads a vector as one delay per target first, also where the matrix is square.
    if delay.ndim == 1 and delay.size == shape[0]:
        delay = delay.reshape(-1, 1)
    if delay.ndim > 2 or (delay.ndim == 2 and not _fits(delay.shape, shape)):
        raise InvalidGraph(f"{layer.where}: delay has shape {delay.shape}, expected {shape}.")
    if delay.ndim == 1 and delay.size != shape[1]:
        raise InvalidGraph(
            f"{layer.where}: {delay.size} delays fit neither {shape[0]} targets nor "
            f"{shape[1]} sources."
        )
    clamped = np.minimum(delay, DELAY_MAX)
    return np.array(np.broadcast_to(clamped, shape)) if clamped.any() else None


def _fits(shape: tuple[int, ...], expected: tuple[int, ...]) -> bool:
    return shape in (expected, (expected[0], 1))


def _pair(layer: GuardedGroup, key: str) -> tuple[int, int]:
    values = _field(layer, key)
    if values.shape not in ((), (2,)):
        raise InvalidGraph(
            f"{layer.where}: {key} has shape {values.shape}, expected one value or (2,)."
        )
    rows, columns = (int(value) for value in np.broadcast_to(values, (2,)))
    return rows, columns


def _field(layer: GuardedGroup, key: str) -> IntArray:
    values = layer.integers(key)
    if np.abs(values).max() > CONV_FIELD_MAX:
        raise LimitExceeded(
            f"{layer.where}: {key} {int(values.flat[int(np.abs(values).argmax())])} exceeds "
            f"{CONV_FIELD_MAX}, the int8 in which Lava keeps it. Use a smaller {key}."
        )
    return values
