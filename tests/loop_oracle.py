"""A frozen network run by plain Python loops, one sample, one neuron, one product at a time.

Written from NIR's documentation and sharing nothing with `export.executor`; slow on purpose.
"""

from itertools import product
from typing import Any

import nir
import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


def run(
    graph: nir.NIRGraph, frames: Array, dt_s: float
) -> tuple[Array, dict[str, Array], dict[str, Array]]:
    """Runs one sample.

    Args:
        graph: whose node names are in computing order; an edge from a later node to an earlier one
            brings what the step before made.
        frames: [T, *shape].
        dt_s: the Euler step.

    Returns:
        outputs [T, ...], spikes and membranes before reset by node, [T, *shape].
    """
    order = ["input", *sorted(set(graph.nodes) - {"input", "output"}), "output"]
    state: dict[str, Array] = {}
    before: dict[str, Array] = {}
    spikes: dict[str, list[Array]] = {}
    membranes: dict[str, list[Array]] = {}
    delayed: dict[str, list[Array]] = {}
    outputs = []
    for frame in frames:
        signal = {"input": frame.astype(np.float64)}
        for name in order[1:]:
            arriving = {a: signal.get(a, before.get(a)) for a, b in graph.edges if b == name}
            given = sum(value for value in arriving.values() if value is not None)
            node = graph.nodes[name]
            if isinstance(node, nir.CubaLIF | nir.CubaLI):
                synapse = state.get(f"{name} synapse", np.zeros(given.shape))
                rate = np.minimum(dt_s / node.tau_syn, 1)
                given = state[f"{name} synapse"] = (1 - rate) * synapse + rate * node.w_in * given
            if isinstance(node, nir.LIF | nir.IF | nir.CubaLIF | nir.LI | nir.CubaLI | nir.I):
                v = euler(node, state.get(name, np.zeros(given.shape)), given, dt_s)
                signal[name] = state[name] = v
            elif isinstance(node, nir.Threshold):
                signal[name] = given
            elif isinstance(node, nir.Delay):
                past = delayed.setdefault(name, [])
                past.append(given)
                signal[name] = late(past, np.rint(node.delay / dt_s).astype(int))
            else:
                signal[name] = linear(node, given)
            if isinstance(node, nir.LIF | nir.IF | nir.CubaLIF | nir.Threshold):
                threshold = getattr(node, "v_threshold", getattr(node, "threshold", None))
                fired = signal[name] > threshold
                membranes.setdefault(name, []).append(signal[name])
                spikes.setdefault(name, []).append(fired)
                state[name] = np.where(fired, getattr(node, "v_reset", 0), signal[name])
                signal[name] = fired.astype(np.float64)
        before = signal
        outputs.append(signal["output"])
    stacked = {name: np.array(values) for name, values in spikes.items()}
    return np.array(outputs), stacked, {name: np.array(m) for name, m in membranes.items()}


def euler(node: Any, v: Array, current: Array, dt_s: float) -> Array:
    """One forward-Euler step before threshold and reset, neuron by neuron."""
    after = np.zeros(v.shape)
    for at in np.ndindex(v.shape):
        if isinstance(node, nir.IF | nir.I):
            after[at] = v[at] + dt_s * node.r[at] * current[at]
            continue
        tau = node.tau[at] if isinstance(node, nir.LIF | nir.LI) else node.tau_mem[at]
        drive = node.v_leak[at] - v[at] + node.r[at] * current[at]
        after[at] = v[at] + min(dt_s / tau, 1) * drive
    return after


def late(past: list[Array], steps: Array) -> Array:
    """Each element as it was so many steps ago, 0 before the first."""
    result = np.zeros(past[-1].shape)
    for at in np.ndindex(result.shape):
        when = len(past) - 1 - steps[at]
        result[at] = past[when][at] if when >= 0 else 0.0
    return result


def linear(node: Any, x: Array) -> Array:
    """Any memoryless node."""
    if isinstance(node, nir.Output):
        return x
    if isinstance(node, nir.Flatten):
        last = node.end_dim % x.ndim
        return x.reshape(*x.shape[: node.start_dim], -1, *x.shape[last + 1 :])
    if isinstance(node, nir.Affine | nir.Linear):
        y = np.zeros((*x.shape[:-1], len(node.weight)))
        for at in np.ndindex(y.shape):
            y[at] = sum(node.weight[at[-1], k] * x[(*at[:-1], k)] for k in range(x.shape[-1]))
            y[at] += node.bias[at[-1]] if isinstance(node, nir.Affine) else 0.0
        return y
    if isinstance(node, nir.Conv2d):
        return convolve(node, x)
    if isinstance(node, nir.Conv1d):
        return convolve(as_image(node), x[:, None])[:, 0]
    if isinstance(node, nir.Scale):
        scaled: Array = node.scale * x
        return scaled
    return pool(node, x)


def as_image(node: nir.Conv1d) -> nir.Conv2d:
    """The same convolution over an image of one row."""
    padding = node.padding if isinstance(node.padding, str) else (0, int(node.padding))
    return nir.Conv2d(
        None, node.weight[:, :, None], (1, int(node.stride)), padding,
        (1, int(node.dilation)), node.groups, node.bias,
    )  # fmt: skip


def convolve(node: nir.Conv2d, x: Array) -> Array:
    """Cross-correlation, product by product."""
    outputs, per_group, rows, columns = node.weight.shape
    stride, dilation = pair(node.stride), pair(node.dilation)
    padding = zeros_around(node, (rows, columns), dilation)
    x = np.pad(x, ((0, 0), *padding)).astype(np.float64)
    reach = (dilation[0] * (rows - 1), dilation[1] * (columns - 1))
    size = [(x.shape[k + 1] - reach[k] - 1) // stride[k] + 1 for k in (0, 1)]
    y = np.zeros((outputs, *size))
    for o, i, j in np.ndindex(y.shape):
        group = o // (outputs // node.groups)
        for c, a, b in product(range(per_group), range(rows), range(columns)):
            at = (i * stride[0] + a * dilation[0], j * stride[1] + b * dilation[1])
            y[o, i, j] += float(node.weight[o, c, a, b]) * x[(group * per_group + c, *at)]
        y[o, i, j] += node.bias[o]
    return y


def pool(node: Any, x: Array) -> Array:
    """Sum or average, window by window; the padding's zeros count."""
    (rows, columns), stride = pair(node.kernel_size), pair(node.stride)
    up, left = pair(node.padding)
    x = np.pad(x, ((0, 0), (up, up), (left, left)))
    size = [(x.shape[1] - rows) // stride[0] + 1, (x.shape[2] - columns) // stride[1] + 1]
    y = np.zeros((len(x), *size))
    for c, i, j in np.ndindex(y.shape):
        top, start = i * stride[0], j * stride[1]
        y[c, i, j] = x[c, top : top + rows, start : start + columns].sum()
    return y / (rows * columns) if isinstance(node, nir.AvgPool2d) else y


def zeros_around(
    node: nir.Conv2d, kernel: tuple[int, int], dilation: tuple[int, int]
) -> list[tuple[int, int]]:
    """Padding per axis, before and after."""
    if isinstance(node.padding, str):
        total = [
            d * (k - 1) if node.padding == "same" else 0
            for k, d in zip(kernel, dilation, strict=True)
        ]
        return [(n // 2, n - n // 2) for n in total]
    return [(n, n) for n in pair(node.padding)]


def pair(value: Any) -> tuple[int, int]:
    """One number or two, as two."""
    first, second = np.broadcast_to(np.asarray(value).reshape(-1), (2,))
    return int(first), int(second)
