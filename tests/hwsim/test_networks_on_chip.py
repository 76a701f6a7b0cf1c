"""Plain networks of the table on the chip: quantised, written, read back and emulated."""

from pathlib import Path

import nir
import numpy as np
import pytest

from export import encode, freeze, quantize, read_netx, write_netx
from export.chip.graph import ChipGraph, ConvProjection, DenseProjection
from export.errors import UnsupportedLayer
from export.executor import run_graph
from hwsim import simulate
from tests.torch_networks import images_for, networked
from tests.whole_networks import built

Inputs = np.ndarray


def on_chip(name: str, size: int, samples: int = 8) -> tuple[nir.NIRGraph, ChipGraph, Inputs]:
    """A narrow network with random weights, frozen and quantised, and its inputs."""
    network = networked(built(name, (2, size, size), 5, width=0.0625), time_steps=3)
    inputs = images_for((2, size, size), samples).numpy()
    graph = freeze(network, inputs)
    return graph, quantize(graph, inputs), inputs


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("cifarnet", 8), ("cifarnet", 16), ("cifarnet", 32),
        ("vggsnn", 16), ("vggsnn", 32), ("vggsnn", 48),
        ("vgg11", 16), ("vgg11", 32), ("vgg11", 48),
    ],
)  # fmt: skip
def test_every_layer_fires_on_the_chip_as_often_as_in_float(
    name: str, size: int, tmp_path: Path
) -> None:
    """Nothing is refused on the way through the file, and 8 bits change firing rates little."""
    graph, chip, inputs = on_chip(name, size)
    write_netx(chip, tmp_path / "chip.net")
    trace = simulate(read_netx(tmp_path / "chip.net"), encode(graph, chip, inputs))
    *hidden, readout = chip.projections
    assert len(hidden) == 7
    assert all(isinstance(projection, ConvProjection) for projection in hidden)
    assert isinstance(readout, DenseProjection)
    fired = run_graph(graph, inputs).spikes
    rates = trace.spikes.sum(axis=(0, 1)) / trace.neurons / (3 * len(inputs))
    on_the_chip = dict(zip(trace.populations, rates, strict=True))
    for population, spikes in fired.items():
        assert 0.05 < spikes.mean() < 0.95
        assert on_the_chip[population] == pytest.approx(spikes.mean(), abs=0.03), population
    assert trace.readout.std(axis=0).all()


@pytest.mark.parametrize(
    ("name", "size", "population"),
    [
        ("cifarnet", 28, "l016_lif"), ("vggsnn", 28, "l016_lif"), ("vgg11", 28, "l012_lif"),
        ("vgg11", 24, "l017_lif"),
    ],
)  # fmt: skip
def test_pooling_an_odd_size_before_a_convolution_has_no_place_in_netx(
    name: str, size: int, population: str, tmp_path: Path
) -> None:
    """The pool drops a row there, so the layer behind it is a matrix; the emulator still runs."""
    graph, chip, inputs = on_chip(name, size, samples=2)
    simulate(chip, encode(graph, chip, inputs))
    with pytest.raises(UnsupportedLayer, match=rf"'{population}' is dense onto a population"):
        write_netx(chip, tmp_path / "chip.net")
