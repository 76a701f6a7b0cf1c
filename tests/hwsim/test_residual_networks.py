"""Residual networks on the chip: balanced, emulated, and as lively as in float."""

from pathlib import Path

import numpy as np
import pytest

from export import freeze
from export.chip.balancing import balanced
from export.chip.balancing_choice import Means
from export.chip.chip_file import GRAPH_FILE, read_chip, write_chip
from export.executor import run_graph
from export.quantizing import encode, quantization
from hwsim import simulate
from tests.residual_graphs import driven, in_step, residual_graph
from tests.same_graph import assert_same_graph
from tests.torch_networks import images_for, networked
from tests.whole_networks import RESIDUAL, built

MEANS: tuple[Means | None, ...] = (None, "relay", "delay")
SIZES = {"imagenet": 32, "cifar": 8}
ROUNDED = 0.04
"""Change of a firing rate by 8-bit weights, bias and threshold over up to 36 layers."""


@pytest.mark.parametrize("means", MEANS)
@pytest.mark.parametrize("seed", range(0, 60, 5))
def test_the_emulator_agrees_in_its_windows(seed: int, means: Means | None) -> None:
    """With every population's reset: spikes of a balanced graph as its layers in step fire them."""
    graph = residual_graph(seed)
    inputs = driven(graph, samples=3, seed=seed + 1000)
    chip, _ = balanced(graph, means=means)
    trace = simulate(chip, inputs, record=True)
    for k, sample in enumerate(inputs):
        for name, spikes in in_step(graph, sample).items():
            if name in trace.recordings:
                found = trace.recordings[name]["s"][k].reshape(spikes.shape)
                np.testing.assert_array_equal(found, spikes, err_msg=name)


@pytest.mark.parametrize(("name", "options"), RESIDUAL.values(), ids=RESIDUAL)
def test_residual_networks_fire_on_the_chip_as_in_float(
    name: str, options: dict[str, str], tmp_path: Path
) -> None:
    """Every one of the table, narrow, through the chip graph's file and the emulator."""
    size = SIZES[options.get("stem", "cifar")]
    network = networked(built(name, (2, size, size), 5, width=0.0625, **options), time_steps=3)
    inputs = images_for((2, size, size), 12).numpy()
    graph = freeze(network, inputs)
    done = quantization(graph, inputs)
    path = write_chip(done.chip, tmp_path)
    assert path.name == GRAPH_FILE
    chip = read_chip(path)
    assert_same_graph(chip, done.chip)
    assert done.balancing.paths
    trace = simulate(chip, encode(graph, chip, inputs))
    rates = trace.spikes.sum(axis=(0, 1)) / trace.neurons / (3 * len(inputs))
    on_the_chip = dict(zip(trace.populations, rates, strict=True))
    fired = run_graph(graph, inputs).spikes
    assert set(on_the_chip) - set(fired) == {done.layers[-1].name, *done.balancing.relays}
    for population, spikes in fired.items():
        assert on_the_chip[population] == pytest.approx(spikes.mean(), abs=ROUNDED), population
    assert np.mean([0.05 < spikes.mean() < 0.95 for spikes in fired.values()]) > 0.9
    assert trace.readout.std(axis=0).any()
