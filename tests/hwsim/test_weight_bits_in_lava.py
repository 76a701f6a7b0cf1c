"""Networks of 2 to 6 bits: emulator and live Lava agree on every u, v and spike."""

from pathlib import Path

import nir
import numpy as np
import pytest
from numpy.typing import NDArray

from export.chip.graph import ChipGraph, DenseProjection
from export.chip.netx_read import read_netx
from export.chip.netx_write import write_netx
from export.quantizing import encode, quantization
from hwsim.engine.simulate import simulate
from hwsim.engine.trace import Trace
from hwsim.lava.chip_job import file_job
from hwsim.lava.compare import compare
from hwsim.lava.environment import require_lava
from hwsim.lava.runner import run_lava_jobs
from tests.frozen_networks import conv_network, images
from tests.other_networks import dense_network, spike_trains

SAMPLES = 3
Case = tuple[nir.NIRGraph, int, str, NDArray[np.float32], NDArray[np.float32]]

DENSE = (dense_network(), spike_trains(40, seed=6), spike_trains(SAMPLES, seed=9))
CONV = (conv_network(), images(40, 5), images(SAMPLES, 9))
CASES: dict[str, Case] = {
    f"{form} {bits} bits, {search}": (graph, bits, search, calibration, inputs)
    for form, (graph, calibration, inputs), bits, search in (
        ("dense", DENSE, 2, "squared-error"),
        ("dense", DENSE, 3, "max-abs"),
        ("dense", DENSE, 6, "percentile"),
        ("conv", CONV, 2, "spike-disagreement"),
        ("conv", CONV, 4, "squared-error"),
    )
}


def exported(case: Case, path: Path) -> tuple[ChipGraph, NDArray[np.int64]]:
    """The case's chip file, read back, and its encoded inputs."""
    graph, bits, search, calibration, inputs = case
    done = quantization(graph, calibration, weight_bits=bits, scale_search=search)
    write_netx(done.chip, path)
    chip = read_netx(path)
    return chip, encode(graph, chip, inputs)


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Trace, int, int]]:
    """Per case the emulator's trace, and how many values were compared and differ."""
    require_lava()
    folder = tmp_path_factory.mktemp("bits")
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
    """u, v and spikes of all populations; every matrix has 2^bits values at most, and is dense."""
    trace, values, mismatches = compared[name]
    assert mismatches == 0
    assert values == 3 * trace.neurons.sum() * trace.time_steps * SAMPLES
    rates = trace.spikes.sum(axis=(0, 1)) / trace.neurons / trace.time_steps / SAMPLES
    assert all(0.005 < rate < 0.9 for rate in rates[:-1]), rates
    bits = CASES[name][1]
    projections = trace.graph.projections
    assert all(1 < len(np.unique(part.weight)) <= 2**bits for part in projections)
    assert any(isinstance(part, DenseProjection) for part in projections)
