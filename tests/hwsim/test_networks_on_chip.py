"""Plain networks of the table on the chip: quantised, written, read back and emulated."""

from pathlib import Path

import nir
import numpy as np
import pytest

from export import encode, freeze, quantize, read_netx, write_netx
from export.chip.graph import ChipGraph, ConvProjection, DenseProjection
from export.chip.limits import THRESHOLD_MANT_MAX as SILENT
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
        # Pooling meets odd sizes before a convolution in these.
        ("cifarnet", 28), ("vggsnn", 28), ("vgg11", 28), ("vgg11", 24),
    ],
)  # fmt: skip
def test_every_layer_fires_on_the_chip_as_often_as_in_float(
    name: str, size: int, tmp_path: Path
) -> None:
    """Nothing is refused on the way through the file, and 8 bits change firing rates little."""
    graph, chip, inputs = on_chip(name, size)
    write_netx(chip, tmp_path / "chip.net")
    trace = simulate(read_netx(tmp_path / "chip.net"), encode(graph, chip, inputs), record=True)
    *hidden, readout = chip.projections
    assert len(hidden) == 7
    assert all(isinstance(projection, ConvProjection) for projection in hidden)
    assert isinstance(readout, DenseProjection)
    for population, spikes in run_graph(graph, inputs).spikes.items():
        reads = np.broadcast_to(chip.population(population).threshold < SILENT, spikes.shape[2:])
        on_the_chip = trace.recordings[population]["s"]
        assert 0.05 < spikes[..., reads].mean() < 0.95
        rate = on_the_chip[..., reads].mean()
        assert rate == pytest.approx(spikes[..., reads].mean(), abs=0.03), population
        assert not on_the_chip[..., ~reads].any()
    assert trace.readout.std(axis=0).all()


@pytest.mark.parametrize(
    ("name", "size", "sides"),
    [
        ("cifarnet", 28, {"l013_lif": 7}), ("vggsnn", 28, {"l013_lif": 7}),
        ("vgg11", 28, {"l009_lif": 7, "l014_lif": 3}), ("vgg11", 24, {"l014_lif": 3}),
    ],
)  # fmt: skip
def test_odd_sizes_cost_no_matrix(name: str, size: int, sides: dict[str, int]) -> None:
    """The row and column that 2x2 pooling drops are silenced, and only those."""
    chip = on_chip(name, size, samples=2)[1]
    found = {}
    for population in chip.populations[:-1]:
        silent = np.broadcast_to(population.threshold == SILENT, population.shape)
        if silent.any():
            side = population.shape[-1]
            found[population.name] = side
            assert silent[:, -1].all()
            assert silent[:, :, -1].all()
            assert not silent[:, : side - 1, : side - 1].any()
    assert found == sides
