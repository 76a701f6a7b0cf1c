"""Networks quantised with each input form: emulator and live Lava agree on every u, v and spike."""

from pathlib import Path

import nir
import numpy as np
import pytest
from numpy.typing import NDArray

from export.chip.graph import ChipGraph, InputForm
from export.chip.netx_read import read_netx
from export.chip.netx_write import write_netx
from export.quantizing import encode, quantize
from hwsim.engine.simulate import simulate
from hwsim.engine.trace import Trace
from hwsim.lava.chip_job import file_job
from hwsim.lava.compare import compare
from hwsim.lava.environment import require_lava
from hwsim.lava.runner import run_lava_jobs
from tests.frozen_networks import conv_network, images
from tests.other_networks import dense_network, spike_trains

SAMPLES = 3
Case = tuple[nir.NIRGraph, InputForm, NDArray[np.float32], NDArray[np.float32]]


def binary(samples: int, seed: int) -> NDArray[np.float32]:
    """Images of zeros and ones."""
    return (images(samples, seed) < 0.4).astype(np.float32)


def counts(samples: int, seed: int) -> NDArray[np.float32]:
    """Sequences of -3 to 3 events."""
    up, down = spike_trains(samples, seed=seed), spike_trains(samples, seed=seed + 1)
    return np.asarray(3 * up - 2 * down, dtype=np.float32)


def centred(samples: int, seed: int) -> NDArray[np.float32]:
    """Images whose values are as often negative as positive."""
    return images(samples, seed) - np.float32(0.5)


CASES: dict[str, Case] = {
    "spikes, images": (conv_network(), "spikes", binary(40, 5), binary(SAMPLES, 9)),
    "spikes, sequences": (
        dense_network(), "spikes", spike_trains(40, seed=6), spike_trains(SAMPLES, seed=9),
    ),
    "graded, images": (conv_network(), "graded", images(40, 5), images(SAMPLES, 9)),
    "graded, signed": (conv_network(), "graded", centred(40, 5), centred(SAMPLES, 9)),
    "graded, sequences": (dense_network(), "graded", counts(40, 5), counts(SAMPLES, 9)),
}  # fmt: skip


def exported(case: Case, path: Path) -> tuple[ChipGraph, NDArray[np.int64]]:
    """The case's chip file, read back, and its encoded inputs."""
    graph, form, calibration, inputs = case
    write_netx(quantize(graph, calibration, input_form=form), path)
    chip = read_netx(path)
    return chip, encode(graph, chip, inputs)


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Trace, int, int]]:
    """Per case the emulator's trace, and how many values were compared and differ."""
    require_lava()
    folder = tmp_path_factory.mktemp("forms")
    files = {name: folder / f"{k}.net" for k, name in enumerate(CASES)}
    chips = {name: exported(case, files[name]) for name, case in CASES.items()}
    runs = run_lava_jobs([file_job(files[name], *chips[name]) for name in CASES])
    found = {}
    for (name, (chip, inputs)), run in zip(chips.items(), runs, strict=True):
        trace = simulate(chip, inputs, record=True)
        comparison = compare(trace, run)
        found[name] = (trace, comparison.values, comparison.mismatches)
    return found


@pytest.mark.parametrize("name", CASES)
def test_no_value_differs(compared: dict[str, tuple[Trace, int, int]], name: str) -> None:
    """u, v and spikes of all populations, samples and steps; the hidden ones fire in 2 to 60 %."""
    trace, values, mismatches = compared[name]
    assert mismatches == 0
    assert values == 3 * trace.neurons.sum() * trace.time_steps * SAMPLES
    rates = trace.spikes.sum(axis=(0, 1)) / trace.neurons / trace.time_steps / SAMPLES
    assert all(0.02 < rate < 0.6 for rate in rates[:-1]), rates
    assert trace.graph.input.form == CASES[name][1]


def test_the_inputs_are_what_their_form_says() -> None:
    """Payloads of more than one bit, negative ones among them, and spikes of 0 and 1."""
    extremes = {}
    for name, (graph, form, calibration, inputs) in CASES.items():
        encoded = encode(graph, quantize(graph, calibration, input_form=form), inputs)
        extremes[name] = (int(encoded.min()), int(encoded.max()))
    assert extremes["spikes, sequences"] == extremes["spikes, images"] == (0, 1)
    assert extremes["graded, images"][0] == 0
    assert extremes["graded, images"][1] > 60
    assert extremes["graded, signed"][0] < -30
    assert extremes["graded, sequences"][0] < -1
