"""Quantising thresholds that change from step to step: each is rounded at the layer's one scale."""

from dataclasses import replace
from pathlib import Path

import h5py
import nir
import numpy as np
import pytest
from torch import nn

from export.chip.chip_file import read_chip, write_chip
from export.chip.graph import ChipGraph, InputForm
from export.chip.limits import THRESHOLD_MANT_MAX
from export.chip.netx_write import write_netx
from export.errors import InvalidGraph, LimitExceeded, UnsupportedLayer
from export.executor import run_graph
from export.freezing import freeze
from export.nir_metadata import attach_facts, read_facts
from export.onnx.chip import write_chip_onnx
from export.quantizing import encode, quantization
from hwsim.engine.simulate import simulate
from hwsim.errors import LavaError
from hwsim.lava.graph_request import graph_request
from tests.moving_networks import adaptive, inputs, scheduled
from tests.same_graph import assert_same_graph
from tests.torch_networks import networked
from trainers.methods import METHODS
from trainers.neurons.lif import LIF

IMAGES = inputs(16).numpy().astype(np.float32)


def frozen(body: str = "convolutions", seed: int = 1) -> nir.NIRGraph:
    """A network whose thresholds move from step to step."""
    return freeze(scheduled(body, seed), inputs(), strategy="schedule", method=("ds-atgo",))


def with_steps(graph: nir.NIRGraph, *factors: float) -> nir.NIRGraph:
    """A copy with these factors on every threshold."""
    facts = read_facts(graph)
    thresholds = {
        node: t.model_copy(update={"per_step": tuple(t.value * f for f in factors)})
        for node, t in facts.thresholds.items()
    }
    changed = nir.NIRGraph(dict(graph.nodes), list(graph.edges))
    attach_facts(changed, facts.model_copy(update={"thresholds": thresholds}))
    return changed


@pytest.mark.parametrize("form", ["bias", "graded"])
@pytest.mark.parametrize("body", ["convolutions", "residual", "flat"])
def test_every_step_is_rounded_at_the_layer_s_scale(body: str, form: InputForm) -> None:
    """mantissa[t] = round(threshold[t] * scale), within the chip's field; the readout has none."""
    graph = frozen(body)
    done = quantization(graph, IMAGES, input_form=form)
    facts = read_facts(graph)
    reports = {layer.name: layer for layer in done.layers}
    for name, threshold in facts.thresholds.items():
        population = done.chip.population(name)
        unit = reports[name].scale
        neuron = graph.nodes[name]
        gain = facts.decay_4096[name] / 4096
        base = float(neuron.v_threshold.flat[0]) / (1 - gain)
        steps = np.array(threshold.per_step) / threshold.value * base * unit
        assert population.schedule is not None
        np.testing.assert_array_equal(population.schedule, np.rint(steps))
        assert int(population.threshold) == round(base * unit)
        assert 0 < population.schedule.min() <= population.schedule.max() <= THRESHOLD_MANT_MAX
    assert done.chip.population(done.chip.readouts[0].population).schedule is None
    assert set(facts.thresholds) <= set(done.chip.scheduled)


def test_the_emulator_follows_the_frozen_network() -> None:
    """Spikes differ by rounding alone: far less than with the constant thresholds."""
    graph = frozen()
    chip = quantization(graph, IMAGES).chip
    run = run_graph(graph, IMAGES)

    def changed(network: ChipGraph) -> int:
        trace = simulate(network, encode(graph, network, IMAGES), record=True)
        return sum(
            int((trace.recordings[name]["s"].swapaxes(0, 1) != spikes).sum())
            for name, spikes in run.spikes.items()
        )

    constant = replace(chip, populations=tuple(replace(p, schedule=None) for p in chip.populations))
    spikes = sum(int(fired.sum()) for fired in run.spikes.values())
    assert changed(chip) < 0.02 * spikes
    assert changed(constant) > 5 * changed(chip)


def test_silenced_neurons_stay_silent_at_every_step() -> None:
    """Pooling of an odd size silences a row; its thresholds are the largest at each step."""
    body = nn.Sequential(
        nn.Conv2d(1, 4, 2), LIF(0.5), nn.AvgPool2d(2), nn.Conv2d(4, 4, 3, padding=1), LIF(0.5),
        nn.Flatten(), nn.Linear(36, 5),
    )  # fmt: skip
    network = networked(body, seed=2, time_steps=3)
    METHODS["ds-atgo"].prepare(network, METHODS["ds-atgo"].options())
    for k, (_, neuron) in enumerate(network.neurons()):
        neuron.set_decay(0.5)
        running = neuron.threshold_rule.state_dict()["running"]
        running.copy_(running.new_tensor([0.3, 0.5 + 0.1 * k, 0.2]))
    graph = freeze(network.double(), inputs(), strategy="schedule")
    chip = quantization(graph, IMAGES).chip
    first = chip.populations[0]
    assert first.schedule is not None
    assert first.schedule.shape == (3, 4, 7, 7)
    assert (first.schedule[:, :, 6] == THRESHOLD_MANT_MAX).all()
    assert (first.schedule[:, :, :6, :6] < THRESHOLD_MANT_MAX).all()
    trace = simulate(chip, encode(graph, chip, IMAGES), record=True)
    spikes = trace.recordings[first.name]["s"]
    assert not spikes[..., 6, :].any()
    assert spikes[..., :6, :6].any()


def test_the_highest_threshold_fits_the_field() -> None:
    """One step's threshold far above the others' lowers the scale until it fits."""
    graph = with_steps(frozen("flat"), 0.4, 3000.0, 0.5, 0.6)
    chip = quantization(graph, IMAGES).chip
    for name in chip.scheduled:
        schedule = chip.population(name).schedule
        assert schedule is not None
        assert schedule.max() <= THRESHOLD_MANT_MAX
        assert schedule.min() >= 1


def test_a_step_whose_threshold_rounds_to_0_is_refused() -> None:
    """It would let a neuron fire at any positive voltage."""
    with pytest.raises(LimitExceeded, match=r"layer 'l002_lif': its threshold would round to 0"):
        quantization(with_steps(frozen("flat"), 1.0, 1e-6, 1.0, 1.0), IMAGES)


def test_an_adaptation_is_refused() -> None:
    """One line with node, layer, strategy, method, target, and what could."""
    graph = freeze(adaptive("flat", 0), inputs(), strategy="schedule", method=("alif",))
    with pytest.raises(UnsupportedLayer) as refusal:
        quantization(graph, IMAGES)
    message = str(refusal.value)
    assert "\n" not in message
    assert message.startswith(
        "node 'l002_lif' (layer '2', threshold strategy schedule, method alif): its threshold "
        "follows each neuron's own spikes, which neither the chip nor its emulator (target chip)"
    )
    assert message.endswith("Export to targets schedule and onnx only.")


@pytest.mark.parametrize("body", ["convolutions", "flat"])
def test_the_graph_file_holds_the_schedule(body: str, tmp_path: Path) -> None:
    """Target chip writes a .chip.h5, since netx can't; what was written reads back equal."""
    chip = quantization(frozen(body), IMAGES).chip
    path = write_chip(chip, tmp_path)
    assert path.name == "network.chip.h5"
    assert_same_graph(read_chip(path), chip)
    for population, again in zip(chip.populations, read_chip(path).populations, strict=True):
        assert (population.schedule is None) == (again.schedule is None)
        if population.schedule is not None:
            np.testing.assert_array_equal(again.schedule, population.schedule)


def test_a_schedule_per_neuron_survives_the_file(tmp_path: Path) -> None:
    """[T, C, H, W] is stored as [T, W, H, C] and comes back."""
    chip = quantization(frozen(), IMAGES).chip
    first, *others = chip.populations
    own = np.random.default_rng(0).integers(1, 999, (chip.time_steps or 0, *first.shape))
    chip = replace(chip, populations=(replace(first, schedule=own), *others))
    again = read_chip(write_chip(chip, tmp_path)).populations[0].schedule
    assert again is not None
    np.testing.assert_array_equal(again, own)


def test_a_schedule_of_other_steps_is_refused() -> None:
    """One threshold per step of the window, no more and no fewer."""
    chip = quantization(frozen(), IMAGES).chip
    first, *others = chip.populations
    assert first.schedule is not None
    short = replace(chip, populations=(replace(first, schedule=first.schedule[:-1]), *others))
    with pytest.raises(InvalidGraph, match=r"population 'l001_lif', schedule: shape \(3,\), exp"):
        simulate(short, np.zeros((1, *chip.input.shape), np.int64))


def test_a_damaged_schedule_in_a_file_is_named(tmp_path: Path) -> None:
    """Its claim is held against the file's time steps before it is read."""
    path = write_chip(quantization(frozen(), IMAGES).chip, tmp_path)
    with h5py.File(path, "a") as file:
        del file["graph/0/schedule"]
        file["graph/0/schedule"] = np.zeros((4, 9), np.int64)
    with pytest.raises(InvalidGraph, match=r"schedule has shape \(4, 9\), expected \(4,\)"):
        read_chip(path)


def test_who_has_no_place_for_it_says_so(tmp_path: Path) -> None:
    """netx, the chip's ONNX file and Lava name the population; nothing is written."""
    chip = quantization(frozen(), IMAGES).chip
    with pytest.raises(UnsupportedLayer, match=r"chip\.net: 'l001_lif' has another threshold at"):
        write_netx(chip, tmp_path / "chip.net")
    with pytest.raises(UnsupportedLayer, match=r"model\.chip\.onnx: population 'l001_lif' has"):
        write_chip_onnx(chip, tmp_path / "model.chip.onnx")
    with pytest.raises(LavaError, match=r"population 'l001_lif': has another threshold at each"):
        graph_request(chip)
    assert list(tmp_path.iterdir()) == []
