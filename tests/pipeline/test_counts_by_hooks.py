"""The run's counts equal those that hooks take in a plain torch network on the chip's integers."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from export.chip.chip_file import read_chip
from export.chip.graph import ChipGraph, IntArray
from export.samples import read_samples
from hwsim.alternatives.neurobench import neurobench_metrics
from hwsim.chips.chip import Chip
from hwsim.chips.load import load_chip
from hwsim.engine.trace import Trace
from hwsim.engine.trace_file import load_trace
from hwsim.events.count import count_events
from hwsim.placement.place import place
from tests.conftest import Command
from tests.plain_integer_network import HookedCounts, PlainNetwork


@dataclass(frozen=True)
class Watched:
    """A run's trace, and the same samples in the plain network."""

    trace: Trace
    hooks: HookedCounts
    voltages: IntArray

    @property
    def graph(self) -> ChipGraph:
        """What both ran."""
        return self.trace.graph


def watched(folder: Path) -> Watched:
    """Runs the folder's chip graph on its samples."""
    graph = read_chip(folder / "chip.net")
    trace = load_trace(folder / "trace.npz", graph)
    given = read_samples(folder / "samples.npz").chip_inputs
    assert given is not None
    network = PlainNetwork(graph)
    hooks = HookedCounts(network)
    with torch.inference_mode():
        voltages = network(torch.tensor(given[: trace.samples], dtype=torch.float64))
    return Watched(trace, hooks, voltages.to(torch.int64).numpy())


@pytest.fixture(scope="module")
def digits(trained_digits: Path) -> Watched:
    """All 360 test samples of `make demo`."""
    return watched(trained_digits)


def assert_equal_counts(run: Watched) -> None:
    """Every count of every sample, step, population and neuron."""
    trace, hooks = run.trace, run.hooks
    assert np.array_equal(run.voltages, trace.readout)
    spikes, active = hooks.of("spikes"), hooks.of("active")
    stored = hooks.of("stored")
    for column, name in enumerate(trace.populations):
        onto = [k for k, p in enumerate(run.graph.projections) if p.target == name]
        synops = sum((stored[k] for k in onto), np.zeros_like(spikes[name]))
        assert np.array_equal(trace.spikes[:, :, column], spikes[name])
        assert np.array_equal(trace.active_updates[:, :, column], active[name])
        assert np.array_equal(trace.synops[:, :, column], synops)
    for key, counts in (("spikes", trace.neuron_spikes), ("active", trace.neuron_active)):
        found = hooks.of(f"neuron_{key}")
        assert counts.keys() == found.keys()
        for name, values in found.items():
            assert np.array_equal(counts[name], values), (key, name)


def assert_edges_are_reached(run: Watched) -> None:
    """Spikes by neuron times each neuron's edges, its gradient, are the synops; some are zeros."""
    for index, projection in enumerate(run.graph.projections):
        fired = torch.tensor(run.trace.neuron_spikes[projection.source], dtype=torch.float64)
        shape = run.graph.source_shape(projection.source)
        for key, edges in run.hooks.edges.items():
            events = torch.zeros((1, *shape), dtype=torch.float64, requires_grad=True)
            (reach,) = torch.autograd.grad(edges[index](events).sum(), events)
            found = (fired @ reach.flatten()).to(torch.int64).numpy()
            assert np.array_equal(found, run.hooks.of(key)[index].sum(axis=0))
    assert run.hooks.of("non_zero")[0].sum() < run.hooks.of("stored")[0].sum()


def assert_costed_synops(run: Watched, chip: Chip, *, zeros: bool) -> None:
    """What costing spreads over the cores adds up to the hooks' count in every chip step."""
    trace = run.trace
    events = count_events(trace, place(run.graph, chip), chip)
    expected = np.zeros(events.steps, dtype=np.int64)
    counts = run.hooks.of("stored" if zeros else "non_zero")
    for index, projection in enumerate(run.graph.projections):
        depth = int(trace.depth[trace.populations.index(projection.target)])
        expected[depth : depth + trace.time_steps] += counts[index].sum(axis=0)
    found = sum((by_core.sum(axis=1) for by_core in events.synops.values()), 0 * expected)
    assert np.array_equal(found, expected)


def with_formats(chip: Chip, *formats: str, conv_counts_zeros: bool) -> Chip:
    """The chip with other ways to store synapses."""
    synapses = chip.synapses.model_copy(
        update={
            "formats": chip.synapses.formats.model_copy(update={"value": formats}),
            "conv_counts_zeros": chip.synapses.conv_counts_zeros.model_copy(
                update={"value": conv_counts_zeros}
            ),
        }
    )
    return chip.model_copy(update={"synapses": synapses})


def test_digits_counts_equal_the_hooks(digits: Watched) -> None:
    """Of 360 samples, a convolution with true edges and a dense layer."""
    assert digits.trace.samples == 360
    assert_equal_counts(digits)


def test_digits_edges_are_reached(digits: Watched) -> None:
    """By gradient, zeros included and left out."""
    assert_edges_are_reached(digits)


def test_digits_synops_on_the_cores(digits: Watched) -> None:
    """Dense and shared synapses count stored zeros, sparse ones don't."""
    chip = load_chip("loihi1")
    stored = with_formats(chip, "dense", "conv", conv_counts_zeros=True)
    assert_costed_synops(digits, stored, zeros=True)
    non_zero = with_formats(chip, "sparse", conv_counts_zeros=False)
    assert_costed_synops(digits, non_zero, zeros=False)


def test_digits_accumulates_of_neurobench(digits: Watched) -> None:
    """Effective ones are those over edges whose weight isn't zero."""
    non_zero = sum(int(counts.sum()) for counts in digits.hooks.of("non_zero").values())
    found = neurobench_metrics(digits.trace).effective_acs
    assert found == pytest.approx(non_zero / 360, rel=1e-12)


def test_hooks_would_notice(digits: Watched) -> None:
    """One spike of one neuron moved to its neighbour, and one edge too many at the border."""
    counts = digits.trace.neuron_spikes["l001_lif"]
    moved = counts.copy()
    step, neuron = np.argwhere(moved > 0)[0]
    moved[step, neuron] -= 1
    moved[step, neuron + 1] += 1
    assert not np.array_equal(moved, digits.hooks.of("neuron_spikes")["l001_lif"])
    conv = digits.graph.projections[0]
    everywhere = counts.sum(axis=1) * conv.weight[:, 0].size
    assert (digits.hooks.of("stored")[0].sum(axis=0) < everywhere).all()


@pytest.mark.slow
def test_fashion_mnist_counts_equal_the_hooks(spikeport: Command, tmp_path: Path) -> None:
    """Of 200 real images, after a short training."""
    chosen = (
        "data.train_samples=2000", "data.validation_samples=100", "data.test_samples=200",
        "train.epochs=2", 'export.targets=["chip"]',
    )  # fmt: skip
    settings = [word for setting in chosen for word in ("--set", setting)]
    done = spikeport(
        "run", "fashion-mnist-baseline", "-o", tmp_path / "run", "--device", "cpu", *settings
    )
    assert (done.code, done.err) == (0, "")
    run = watched(tmp_path / "run")
    assert run.trace.samples == 200
    assert all(run.trace.spikes[:, :, layer].any() for layer in (0, 1))
    assert_equal_counts(run)
    assert_edges_are_reached(run)
    assert_costed_synops(
        run, with_formats(load_chip("loihi1"), "sparse", conv_counts_zeros=False), zeros=False
    )
