"""The emulator equals the recordings that ship inside the lava-dl wheel, value for value.

PilotNet (LIF): u, v and spikes of eight layers while one image drives the input neurons' biases
and every layer is reset each 16 steps. N-TIDIGITS: output spikes of a network with axonal delays.
And, inside lava-nc's wheel, ten convolutions of any geometry with their sums.
"""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from export.chip.check_graph import conv_output_shape
from export.chip.graph import ChipGraph, ChipInput, ConvProjection, IntArray, Population
from export.chip.netx_read import read_netx
from hwsim.engine.simulate import simulate
from hwsim.engine.trace import Trace
from hwsim.lava.environment import site_packages

WINDOW = 16
DIGITS, BASE = 5, 32
LAYERS = ("conv-0", "conv-1", "conv-2", "conv-3", "conv-4", "fc-0", "fc-1", "fc-2")


def recordings(name: str) -> Path:
    """A folder of recordings in the wheel."""
    return site_packages() / "tests" / "lava" / "lib" / "dl" / "netx" / "gts" / name


def time_first(recorded: NDArray[np.generic]) -> IntArray:
    """[W, H, C, steps] or [N, steps] as [steps, C, H, W] or [steps, N]."""
    return recorded.T.astype(np.int64)


@pytest.fixture(scope="module")
def pilotnet() -> tuple[ChipGraph, IntArray]:
    """The network and its image, the input neurons' biases."""
    folder = recordings("pilotnet_lif")
    image = np.load(folder / "image.npy", allow_pickle=False)
    return read_netx(folder / "network.net"), image.T.astype(np.int64)[None]


@pytest.fixture(scope="module")
def windows(pilotnet: tuple[ChipGraph, IntArray]) -> Trace:
    """Each layer's 16 steps on the image, which are chip steps depth + 1 to depth + 16."""
    return simulate(*pilotnet, steps=WINDOW, record=True)


@pytest.fixture(scope="module")
def run_up(pilotnet: tuple[ChipGraph, IntArray]) -> Trace:
    """Chip steps before the windows, when biases already charge the deeper layers."""
    return simulate(*pilotnet, steps=len(LAYERS), reset="none", record=True)


@pytest.mark.parametrize("depth", range(1, len(LAYERS) + 1), ids=LAYERS)
def test_pilotnet_layer_is_exact(depth: int, windows: Trace, run_up: Trace) -> None:
    """u, v and spikes at every chip step up to the reset before the second image."""
    folder, layer, name = recordings("pilotnet_lif"), LAYERS[depth - 1], windows.populations[depth]
    recorded = {
        key: time_first(np.load(folder / f"{layer}{suffix}.npy", allow_pickle=False))
        for key, suffix in (("u", "-u"), ("v", "-v"), ("s", ""))
    }
    # Where a neuron fired, the recording holds v = 128, the chip's mark, in place of 0.
    recorded["v"][recorded["s"] == 1] = 0
    assert recorded["s"].any()
    for key, truth in recorded.items():
        before, window = run_up.recordings[name][key][0], windows.recordings[name][key][0]
        assert np.array_equal(before[:depth], truth[:depth]), f"{key} before the first reset"
        assert np.array_equal(window, truth[depth : depth + WINDOW]), f"{key} in the window"


def test_ntidigits_output_is_exact() -> None:
    """All 3,000 steps of a network with delays of up to 62; the recording is one step later."""
    folder = recordings("ntidigits")
    graph = read_netx(folder / "ntidigits.net", num_layers=5)
    events = time_first(np.load(folder / "input.npy", allow_pickle=False))
    truth = time_first(np.load(folder / "output.npy", allow_pickle=False))
    inputs = events.reshape(1, len(events), *graph.input.shape)
    trace = simulate(graph, inputs, reset="none", record=True)
    fired = trace.recordings[trace.populations[-1]]["s"][0]
    assert truth[:400].sum() == 10458
    assert not truth[0].any()
    assert np.array_equal(fired[:-1], truth[1:])


@pytest.mark.parametrize("number", range(10))
def test_convolution_sums(number: int) -> None:
    """Strides, paddings, dilations and groups, to the last digit of the recorded float32 sums.

    The recorded inputs are fractions. Their base-32 digits enter as payloads, one per step, so
    small that no u wraps; the sums of the digits, weighted, are the sum of the fractions.
    """
    folder = site_packages() / "tests" / "lava" / "proc" / "conv" / "ground_truth"
    with np.load(folder / f"gt_conv_paris_{number}.npz", allow_pickle=False) as arrays:
        given = {key: arrays[key] for key in arrays.files}
    # Lava's order is (W, H, C), and its kernels are convolved, not correlated.
    fractions = given["input"].T
    kernel = given["weights"][:, ::-1, ::-1].transpose(0, 3, 2, 1).astype(np.int64)
    stride, padding, dilation = (pair(given[key]) for key in ("stride", "padding", "dilation"))
    projection = ConvProjection(
        "source", "target", np.ascontiguousarray(kernel),
        stride, padding, dilation, int(given["groups"]),
    )  # fmt: skip
    shape = conv_output_shape(projection, fractions.shape)
    silent = Population("target", shape, *(np.array(x) for x in (4096, 4096, 131071, 0)))
    graph = ChipGraph(ChipInput("source", "graded", fractions.shape), (silent,), (projection,))
    trace = simulate(graph, digits_of(fractions)[None], steps=DIGITS, record=True)
    assert not trace.wraps.any()
    sums = trace.recordings["target"]["u"][0] / 64
    places = float(BASE) ** -np.arange(1, DIGITS + 1)
    np.testing.assert_allclose(
        np.tensordot(places, sums, axes=1), given["out_gt"].T, rtol=0, atol=2e-3
    )


def pair(values: NDArray[np.int64]) -> tuple[int, int]:
    """(W, H) as (rows, columns)."""
    columns, rows = values.tolist()
    return rows, columns


def digits_of(fractions: NDArray[np.float64]) -> IntArray:
    """Fractions in base 32, one digit per step, [DIGITS, *shape]."""
    digits, rest = [], fractions
    for _ in range(DIGITS):
        digit = np.floor(rest * BASE)
        digits.append(digit.astype(np.int64))
        rest = rest * BASE - digit
    return np.stack(digits)
