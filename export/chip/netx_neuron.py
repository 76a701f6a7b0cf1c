"""The `neuron` group of a netx layer, and the layer's bias, as a population."""

import numpy as np

from export.chip.graph import IntArray, Population
from export.chip.hdf5_guard import MAX_INTEGER, GuardedGroup
from export.chip.limits import BIAS_MANT_LAVA_MAX, DECAY_ONE, THRESHOLD_MANT_LAVA_MAX
from export.chip.netx_notes import Notes
from export.errors import InvalidGraph, LimitExceeded, UnsupportedLayer

NEURON_TYPES = ("CUBA", "LOIHI")
"""Two names of the same current-based LIF neuron."""

INT16 = BIAS_MANT_LAVA_MAX + 1
"""Lava keeps a bias mantissa in int16, where it wraps."""

DEFAULTED = ("dense", "dense_rec")
"""Layers that netx gives neurons of its own choice: u never decays, v keeps nothing."""

IGNORED_UNLESS = {"refDelay": 1, "gradedSpike": 0, "wgtExp": 0}
"""Fields Lava never reads, and the one value with which it always computes."""


def read_neurons(
    layer: GuardedGroup, name: str, shape: tuple[int, ...], notes: Notes
) -> Population:
    """The neurons of a layer; a dense one without a `neuron` group has netx's default neurons.

    Raises:
        UnsupportedLayer: the neuron is of a kind, or has a field, that the emulator doesn't have.
        LimitExceeded: a value lies outside what Lava holds.
        InvalidGraph: an array doesn't have one value per neuron.
        FileError: a dataset is missing or damaged.
    """
    bias = _read_bias(layer, shape, notes)
    if "neuron" not in layer.names() and layer.text("type") in DEFAULTED:
        default = THRESHOLD_MANT_LAVA_MAX
        notes.add(
            layer, "neuron", "missing",
            f"netx puts iDecay 0, vDecay {DECAY_ONE} and vThMant {default}, which never fire",
        )  # fmt: skip
        return Population(name, shape, _scalar(0), _scalar(DECAY_ONE), _scalar(default), bias)
    neuron = layer.child("neuron", f"{layer.where}, neuron")
    _check_kind(neuron)
    _note_ignored(neuron, notes)
    return Population(
        name,
        shape,
        decay_u=_decay(neuron, "iDecay", shape),
        decay_v=_decay(neuron, "vDecay", shape),
        threshold=_threshold(neuron, shape, notes),
        bias=bias,
    )


def _check_kind(neuron: GuardedGroup) -> None:
    kind = neuron.text("type")
    if kind not in NEURON_TYPES:
        raise UnsupportedLayer(
            f"{neuron.where}: type {kind[:40]!a} isn't supported. Known: "
            f"{', '.join(NEURON_TYPES)} (leaky integrate and fire). Export with one of them."
        )
    if "messageBits" in neuron.names():
        raise UnsupportedLayer(
            f"{neuron.where}: messageBits (graded output spikes) isn't supported, and Lava fails "
            "on it. Remove it."
        )


def _note_ignored(neuron: GuardedGroup, notes: Notes) -> None:
    for key, used in IGNORED_UNLESS.items():
        if key in neuron.names():
            values, _ = neuron.truncated(key)
            if (values != used).any():
                worst = int(values[values != used].flat[0])
                notes.add(neuron, key, worst, f"Lava ignores it and computes with {used}")


def _decay(neuron: GuardedGroup, key: str, shape: tuple[int, ...]) -> IntArray:
    values = neuron.integers(key)
    _refuse_outside(neuron, key, values, DECAY_ONE)
    return _per_neuron(values, shape, f"{neuron.where}, {key}")


def _threshold(neuron: GuardedGroup, shape: tuple[int, ...], notes: Notes) -> IntArray:
    values = neuron.integers("vThMant")
    _refuse_outside(neuron, "vThMant", values, MAX_INTEGER)
    # v saturates below this threshold, so that all above it are the same one.
    if values.max() > THRESHOLD_MANT_LAVA_MAX:
        notes.add(
            neuron, "vThMant", int(values.max()),
            f"v saturates below {THRESHOLD_MANT_LAVA_MAX}, so in Lava these neurons never fire",
        )  # fmt: skip
    reached = np.minimum(values, THRESHOLD_MANT_LAVA_MAX)
    return _per_neuron(reached, shape, f"{neuron.where}, vThMant")


def _refuse_outside(neuron: GuardedGroup, key: str, values: IntArray, highest: int) -> None:
    for extreme in (int(values.min()), int(values.max())):
        if not 0 <= extreme <= highest:
            raise LimitExceeded(
                f"{neuron.where}: {key} {extreme} lies outside 0..{highest}. Train it within."
            )


def _read_bias(layer: GuardedGroup, shape: tuple[int, ...], notes: Notes) -> IntArray:
    # An input layer's bias belongs to a transform that netx offers and never applies.
    if "bias" not in layer.names() or layer.text("type") == "input":
        return _scalar(0)
    given = notes.truncated(layer, "bias")
    wrapped = (given + INT16) % (2 * INT16) - INT16
    notes.changed(layer, "bias", given, wrapped)
    if len(shape) != 3:
        return _per_neuron(wrapped, shape, f"{layer.where}, bias")
    if wrapped.shape == shape[:1]:
        return wrapped.reshape(-1, 1, 1)
    if wrapped.shape != shape[::-1]:
        raise InvalidGraph(
            f"{layer.where}: bias of shape {wrapped.shape} is neither {shape[:1]} nor "
            f"{shape[::-1]}, and Lava takes no other. Write one value per channel."
        )
    return np.array(wrapped.T, order="C")


def _per_neuron(values: IntArray, shape: tuple[int, ...], where: str) -> IntArray:
    """One value for all, or one each: netx hands (N,) or (W, H, C) arrays to Lava as they are."""
    if values.size == 1:
        return values.reshape(())
    order = shape[::-1]
    try:
        return np.array(np.broadcast_to(values, order).T, order="C")
    except ValueError as error:
        raise InvalidGraph(
            f"{where}: shape {values.shape} doesn't fit Lava's {order}. Write one value, or one "
            "per neuron."
        ) from error


def _scalar(value: int) -> IntArray:
    return np.array(value, dtype=np.int64)
