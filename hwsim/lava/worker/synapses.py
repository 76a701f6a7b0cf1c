"""Projections of a chip graph as Lava's synapse processes.

Weights reach Lava's dense synapses in sign mode `mixed` with 9 bits and exponent 0: what netx
itself chooses for a matrix with an odd weight beyond +-127. These leave integers in [-256, 255] as
they are, whatever their signs; the sign modes that Lava would find out by itself corrupt some
matrices of one sign.

Lava has no delayed convolution. Spikes for one go through a delay line first: identity synapses
(one per neuron, weight 1) that pass what they receive d steps later. A convolution unrolled to
delayed sparse synapses is the same network, but Lava takes its delayed matrix apart at every step:
3.6 ms a step against 490 ms, measured for 8 to 16 channels, 3x3 kernels and 28x28 pixels.
"""

import importlib
from typing import Any

import numpy as np


def connect(projection: dict[str, Any], arrays: dict[str, Any], source: Any, target: Any) -> None:
    """Joins an OutPort to an InPort, both (W, H, C) or (N,), through the projection's synapses."""
    if projection["kind"] == "conv":
        _connect_conv(projection, arrays, source, target)
    else:
        _connect_dense(projection, arrays, source, target)


def _connect_dense(
    projection: dict[str, Any], arrays: dict[str, Any], source: Any, target: Any
) -> None:
    dense = importlib.import_module("lava.proc.dense.process")
    options = _exact_weights(projection)
    weights = arrays["weight"].astype(int)
    if "delay" in arrays:
        delays = arrays["delay"].astype(int)
        synapse = dense.DelayDense(
            weights=weights, delays=delays, max_delay=int(delays.max()), **options
        )
    else:
        synapse = dense.Dense(weights=weights, **options)
    _flat(source).connect(synapse.s_in)
    _shaped(synapse.a_out, target.shape).connect(target)


def _connect_conv(
    projection: dict[str, Any], arrays: dict[str, Any], source: Any, target: Any
) -> None:
    bits = projection["message_bits"]
    if projection["delay"] > 0:
        source = _delay_line(source, projection)
    # Lava convolves, torch correlates; its kernels are (O, W, H, I).
    kernel = arrays["weight"][:, :, ::-1, ::-1].transpose(0, 3, 2, 1)
    synapse = importlib.import_module("lava.proc.conv.process").Conv(
        weight=np.ascontiguousarray(kernel),
        input_shape=source.shape,
        stride=tuple(projection["stride"][::-1]),
        padding=tuple(projection["padding"][::-1]),
        dilation=tuple(projection["dilation"][::-1]),
        groups=projection["groups"],
        num_message_bits=bits,
    )
    source.connect(synapse.s_in)
    synapse.a_out.connect(target)


def _delay_line(source: Any, projection: dict[str, Any]) -> Any:
    """A port that shows what `source` sent `delay` steps ago; the way through it takes one."""
    sparse = importlib.import_module("lava.proc.sparse.process")
    neurons, steps = int(np.prod(source.shape)), projection["delay"] - 1
    ones = importlib.import_module("scipy.sparse").identity(neurons, dtype=int, format="csr")
    options = _exact_weights(projection)
    if steps > 0:
        line = sparse.DelaySparse(weights=ones, delays=ones * steps, max_delay=steps, **options)
    else:
        line = sparse.Sparse(weights=ones, **options)
    source.reshape((neurons,)).connect(line.s_in)
    return line.a_out.reshape(source.shape)


def _exact_weights(projection: dict[str, Any]) -> dict[str, Any]:
    modes = importlib.import_module("lava.utils.weightutils").SignMode
    return {
        "weight_exp": 0,
        "num_weight_bits": 9,
        "sign_mode": modes.MIXED,
        "num_message_bits": projection["message_bits"],
    }


def _flat(port: Any) -> Any:
    """Neurons in C, H, W order."""
    return port if len(port.shape) == 1 else port.transpose([2, 1, 0]).flatten()


def _shaped(port: Any, shape: tuple[int, ...]) -> Any:
    """Neurons in C, H, W order as (W, H, C)."""
    return port if len(shape) == 1 else port.reshape(shape[::-1]).transpose([2, 1, 0])
