"""The emulator equals the recordings that ship inside the lava-dl wheel, value for value.

PilotNet (LIF): u, v and spikes of eight layers while one image drives the input neurons' biases
and every layer is reset each 16 steps. N-TIDIGITS: output spikes of a network with axonal delays.
"""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from export.chip.graph import ChipGraph, IntArray
from export.chip.netx_read import read_netx
from hwsim.engine.simulate import simulate
from hwsim.engine.trace import Trace
from hwsim.lava.environment import site_packages

WINDOW = 16
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
