"""The `neuron` group of a netx layer, and the layer's bias, as a population."""

import numpy as np

from export.chip.graph import IntArray, Population
from export.chip.hdf5_guard import GuardedGroup
from export.chip.limits import BIAS_MANT_LAVA_MAX, DECAY_ONE, THRESHOLD_MANT_LAVA_MAX
from export.errors import InvalidGraph, LimitExceeded, UnsupportedLayer

NEURON_TYPES = ("CUBA", "LOIHI")
"""Two names of the same current-based LIF neuron."""

DEFAULTED = ("dense", "dense_rec")
"""Layers that netx gives neurons of its own choice: u never decays, v keeps nothing."""

IGNORED_UNLESS = {"refDelay": 1, "gradedSpike": 0, "wgtExp": 0}
"""Fields Lava never reads, and the one value at which that changes nothing."""


def read_neurons(layer: GuardedGroup, name: str, shape: tuple[int, ...]) -> Population:
    """The neurons of a layer; a dense one without a `neuron` group has netx's default neurons.

    Raises:
        UnsupportedLayer: the neuron is of a kind, or has a field, that the emulator doesn't have.
        LimitExceeded: a value lies outside what Lava holds.
        InvalidGraph: an array doesn't have one value per neuron.
        FileError: a dataset is missing or damaged.
    """
    bias = _read_bias(layer, shape)
    if "neuron" not in layer.names() and layer.text("type") in DEFAULTED:
        default = THRESHOLD_MANT_LAVA_MAX
        return Population(name, shape, _scalar(0), _scalar(DECAY_ONE), _scalar(default), bias)
    neuron = layer.child("neuron", f"{layer.where}, neuron")
    _check_kind(neuron)
    return Population(
        name,
        shape,
        decay_u=_parameter(neuron, "iDecay", shape, DECAY_ONE),
        decay_v=_parameter(neuron, "vDecay", shape, DECAY_ONE),
        threshold=_parameter(neuron, "vThMant", shape, THRESHOLD_MANT_LAVA_MAX),
        bias=bias,
    )


def _check_kind(neuron: GuardedGroup) -> None:
    kind = neuron.text("type")
    if kind not in NEURON_TYPES:
        raise UnsupportedLayer(
            f"{neuron.where}: type '{kind[:40]}' isn't supported. Known: {', '.join(NEURON_TYPES)}."
        )
    if "messageBits" in neuron.names():
        raise UnsupportedLayer(
            f"{neuron.where}: messageBits (graded output spikes) isn't supported. Remove it."
        )
    for key, harmless in IGNORED_UNLESS.items():
        if key in neuron.names() and (neuron.integers(key) != harmless).any():
            raise UnsupportedLayer(
                f"{neuron.where}: {key} {int(neuron.integers(key).flat[0])} would be ignored by "
                f"Lava, which always computes with {harmless}. Train with {key} = {harmless}."
            )


def _parameter(neuron: GuardedGroup, key: str, shape: tuple[int, ...], highest: int) -> IntArray:
    values = neuron.integers(key)
    for extreme in (int(values.min()), int(values.max())):
        if not 0 <= extreme <= highest:
            raise LimitExceeded(
                f"{neuron.where}: {key} {extreme} lies outside 0..{highest}. Train it within."
            )
    return _per_neuron(values, shape, f"{neuron.where}, {key}")


def _read_bias(layer: GuardedGroup, shape: tuple[int, ...]) -> IntArray:
    # An input layer's bias belongs to a transform that netx offers and never applies.
    if "bias" not in layer.names() or layer.text("type") == "input":
        return _scalar(0)
    values = layer.integers("bias", truncate=True)
    worst = int(values.flat[int(np.abs(values).argmax())])
    if abs(worst) > BIAS_MANT_LAVA_MAX:
        raise LimitExceeded(
            f"{layer.where}: bias {worst} exceeds +-{BIAS_MANT_LAVA_MAX}, where Lava's int16 "
            "wraps. Lower the weight scale."
        )
    if len(shape) == 3 and values.shape == shape[:1]:
        return values.reshape(-1, 1, 1)
    return _per_neuron(values, shape, f"{layer.where}, bias")


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
