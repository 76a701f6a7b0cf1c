"""The netx files that ship inside the lava-dl wheel load; live Lava agrees on the small ones."""

from pathlib import Path

import numpy as np
import pytest

from export.chip.netx_read import read_netx, read_netx_reported
from export.errors import UnsupportedLayer
from hwsim.engine.simulate import simulate
from hwsim.lava.compare import compare
from hwsim.lava.environment import site_packages
from hwsim.lava.runner import run_lava

SHAPES: dict[str, list[tuple[int, ...]]] = {
    "mnist.net": [(784,), (512,), (512,), (10,)],
    "tiny.net": [(3, 16, 16), (24, 6, 6), (36, 1, 1)],
    "gts/pilotnet_lif/network.net": [
        (3, 66, 200), (24, 32, 99), (36, 15, 49), (48, 7, 24), (64, 4, 22), (64, 2, 20),
        (100,), (50,), (10,), (1,),
    ],
    "gts/ntidigits/ntidigits.net": [(256,), (256,), (242,)],
}  # fmt: skip


def wheel_file(name: str) -> Path:
    """A file of lava-dl's own tests."""
    return site_packages() / "tests" / "lava" / "lib" / "dl" / "netx" / name


@pytest.mark.parametrize("name", SHAPES)
def test_files_of_the_wheel_load(name: str) -> None:
    """Every layer; of ntidigits those before `average`. mnist leaves its last neurons to netx."""
    layers = 5 if "ntidigits" in name else None
    graph, notes = read_netx_reported(wheel_file(name), num_layers=layers)
    assert [population.shape for population in graph.populations] == SHAPES[name]
    assert graph.input.form == ("spikes" if "ntidigits" in name else "bias")
    assert [note.field for note in notes] == (["neuron"] if name == "mnist.net" else [])


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("gts/ntidigits/ntidigits.net", r"layer 5: type 'average'.*Read only the layers before it"),
        ("gts/pilotnet_sdnn/network.net", r"layer 0, neuron: type 'SDNN' isn't supported"),
    ],
)
def test_what_lava_cannot_run_is_named(name: str, reason: str) -> None:
    """The layer, its kind, and what to do."""
    with pytest.raises(UnsupportedLayer, match=reason):
        read_netx(wheel_file(name))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mnist.net", "tiny.net"])
def test_small_files_run_as_in_lava(name: str) -> None:
    """u, v and spikes of every layer under random biases."""
    graph = read_netx(wheel_file(name))
    inputs = np.random.default_rng(3).integers(0, 4000, (1, *graph.input.shape))
    run = run_lava(wheel_file(name), inputs, reset="none", steps=30)
    trace = simulate(graph, inputs, reset="none", steps=30, record=True)
    comparison = compare(trace, run)
    assert comparison.identical, str(comparison)
    assert sum(bool(layer.s.any()) for layer in run.layers) >= 2
