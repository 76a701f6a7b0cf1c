"""Weights, delays and geometry of netx's `conv`, `dense` and `dense_rec` layers."""

import numpy as np

from export.chip.dense_rule import LavaWeights, lava_weights
from export.chip.graph import ConvProjection, DenseProjection, IntArray
from export.chip.hdf5_guard import GuardedGroup
from export.chip.limits import CONV_FIELD_MAX, DELAY_MAX
from export.chip.netx_notes import Notes
from export.errors import InvalidGraph, LimitExceeded, UnsupportedLayer


def read_conv(layer: GuardedGroup, source: str, target: str, notes: Notes) -> ConvProjection:
    """The synapses of a `conv` layer.

    Raises:
        LimitExceeded: stride, padding, dilation or groups leave Lava's int8.
        InvalidGraph: the kernel isn't (O, I / groups, kH, kW).
        FileError: a dataset is missing or damaged.
    """
    if "delay" in layer.names():
        delay, _ = layer.truncated("delay")
        if delay.any():
            notes.add(layer, "delay", int(delay.max()), "Lava ignores delays of convolutions")
    weight = notes.truncated(layer, "weight")
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
    layer: GuardedGroup, source: str, target: str, neurons: int, notes: Notes, *, binary: bool
) -> tuple[DenseProjection, ...]:
    """The synapses of a `dense` layer, and for `dense_rec` also those onto itself.

    Args:
        layer: the open group.
        source: name of what the synapses come from.
        target: name of the layer's population.
        neurons: of the layer.
        notes: take what Lava makes of the weights beside what the file says.
        binary: whether what comes in is spikes, not payloads.

    Raises:
        UnsupportedLayer: complex weights, or delays in a recurrent layer.
        LimitExceeded: Lava would fail on the matrix, or halve weights that no chip graph holds.
        InvalidGraph: the matrix or the delays don't have the layer's shape.
        FileError: a dataset is missing or damaged.
    """
    if layer.is_group("weight"):
        raise UnsupportedLayer(f"{layer.where}: complex weights aren't supported. Use real ones.")
    weight = _matrix(layer, "weight", neurons, notes)
    if layer.text("type") == "dense":
        (kept,) = lava_weights((weight,), layer.where)
        made = _emulated(layer, "weight", weight, kept, notes, binary=binary)
        return (DenseProjection(source, target, made, _delays(layer, weight.shape, notes)),)
    if "delay" in layer.names():
        raise UnsupportedLayer(
            f"{layer.where}: with delays, Lava leaves out the weight exponent of a dense_rec layer "
            "and fails unless sources and targets are as many. Remove the delays."
        )
    recurrent = _matrix(layer, "weight_rec", neurons, notes)
    if recurrent.shape != (neurons, neurons):
        raise InvalidGraph(
            f"{layer.where}: weight_rec has shape {recurrent.shape}, expected {(neurons, neurons)}."
        )
    forward, back = lava_weights((weight, recurrent), layer.where)
    made = _emulated(layer, "weight", weight, forward, notes, binary=binary)
    made_back = _emulated(layer, "weight_rec", recurrent, back, notes, binary=True)
    return DenseProjection(source, target, made), DenseProjection(target, target, made_back)


def _matrix(layer: GuardedGroup, key: str, neurons: int, notes: Notes) -> IntArray:
    weight = notes.truncated(layer, key)
    if weight.ndim == 1 and weight.size % neurons == 0:
        weight = weight.reshape(neurons, -1)
    if weight.ndim != 2 or weight.shape[0] != neurons:
        raise InvalidGraph(
            f"{layer.where}: {key} has shape {weight.shape}, expected ({neurons}, sources)."
        )
    return weight


def _emulated(
    layer: GuardedGroup, key: str, given: IntArray, kept: LavaWeights, notes: Notes, *, binary: bool
) -> IntArray:
    """The weights Lava multiplies with.

    It drops the halves after it has summed, so that one half per target makes no difference as
    long as spikes are binary; several do, which no weights can say.
    """
    halved = kept.halved != 0
    if halved.any() and (not binary or np.count_nonzero(halved, axis=1).max() > 1):
        place = int(halved.argmax())
        raise LimitExceeded(
            f"{layer.where}: {key} {int(given.flat[place])} would count as "
            f"{int(kept.stored.flat[place]) / 2**kept.shift:g} in Lava (no weight of the matrix is "
            "positive), and a chip graph holds whole weights. Double every weight, or make one "
            "positive."
        )
    notes.changed(layer, key, given, kept.whole)
    return kept.whole


def _delays(layer: GuardedGroup, shape: tuple[int, ...], notes: Notes) -> IntArray | None:
    if "delay" not in layer.names():
        return None
    delay = notes.truncated(layer, "delay")
    if delay.min() < 0:
        raise LimitExceeded(
            f"{layer.where}: delay {int(delay.min())} is negative, and Lava would drop those "
            "synapses. Use 0 or more."
        )
    if delay.ndim > 1 and delay.shape != shape:
        raise InvalidGraph(f"{layer.where}: delay has shape {delay.shape}, expected {shape}.")
    if delay.ndim == 1 and delay.size not in shape:
        raise InvalidGraph(
            f"{layer.where}: {delay.size} delays fit neither {shape[0]} targets nor "
            f"{shape[1]} sources."
        )
    # netx reads a vector as one delay per target first, also where the matrix is square.
    if delay.ndim == 1 and delay.size == shape[0]:
        delay = delay.reshape(-1, 1)
    clamped = np.minimum(delay, DELAY_MAX)
    notes.changed(layer, "delay", delay, clamped)
    return np.array(np.broadcast_to(clamped, shape)) if clamped.any() else None


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
