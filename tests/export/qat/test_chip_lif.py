"""One population and one readout against the chip's rules in unbounded integers."""

import numpy as np
import torch

from export.chip.graph import Population, Readout
from export.chip.limits import THRESHOLD_MANT_MAX
from export.qat.chip_lif import ChipLIF, TrainedLayer
from export.qat.chip_readout import ChipReadout, ReadoutPopulation
from export.qat.exact_sums import wrapped
from tests.random_networks.big_integers import Fields, course, next_u
from trainers.neurons.lif import LIF

STEPS = 7


def test_spikes_are_the_rules() -> None:
    """Any decay and threshold per neuron, drives that saturate v both ways, resets."""
    rng = np.random.default_rng(0)
    shape = (64,)
    decay_v, threshold = rng.integers(0, 4097, shape), rng.integers(0, THRESHOLD_MANT_MAX, shape)
    drives = rng.integers(-131072, 131073, (STEPS, *shape)) // rng.integers(1, 40, shape)
    population = Population("a", shape, np.array(4096), decay_v, threshold, np.array(0))
    layer = ChipLIF(population, TrainedLayer(LIF(), 1.0, 100))
    layer.time_steps = STEPS
    with torch.no_grad():
        spikes = layer(torch.from_numpy(drives).float()).reshape(STEPS, *shape)
    for k in range(64):
        fields = Fields(4096, int(decay_v[k]), int(threshold[k]), 0)
        # As biases they reach v without u's wrap.
        v, expected = 0, []
        for drive in drives[:, k].tolist():
            ((_, after, fired),) = _from(v, fields, drive)
            v = after
            expected.append(fired)
        assert spikes[:, k].tolist() == expected
    assert 0.02 < float(spikes.mean()) < 0.9


def _from(v: int, fields: Fields, drive: int) -> list[tuple[int, int, int]]:
    from tests.random_networks.big_integers import next_v

    v = next_v(v, fields.decay_v, 64 * drive, 0)
    fired = v > 64 * fields.threshold
    return [(0, 0 if fired else v, int(fired))]


def test_u_wraps_once() -> None:
    """At, next to and far beyond both ends of 24 bits."""
    ends = [131071, 131072, 131073, 262144, 262145, 5_000_000, 8_388_607]
    sums = [sign * end for end in ends for sign in (1, -1)] + [0, 7]
    found = wrapped(torch.tensor(sums, dtype=torch.float32), 2.0**23 - 1)
    assert (64 * found).long().tolist() == [next_u(0, 4096, a) for a in sums]
    small = torch.tensor([131071.0, -131071.0])
    assert wrapped(small, 131071.0) is small


def test_a_readout_saturates_and_resets_as_the_chip_does() -> None:
    """Its outputs are differences of voltages, and logits come from whole state units."""
    rng = np.random.default_rng(1)
    drives = rng.integers(-90_000, 90_000, (STEPS, 5, 3))
    population = Population(
        "out", (3,), np.array(4096), np.array(0), np.array(THRESHOLD_MANT_MAX), np.array(0)
    )
    weights = tuple(rng.random(STEPS).tolist())
    readout = Readout("out", 1 / 7, weights)
    layer = ReadoutPopulation(population, readout, STEPS)
    outputs = layer(torch.from_numpy(drives).float().flatten(0, 1)).unflatten(0, (STEPS, 5))
    logits = ChipReadout(readout, STEPS)(outputs)
    fields = Fields(4096, 0, THRESHOLD_MANT_MAX, 0)
    saturated = 0
    for n in range(5):
        for k in range(3):
            voltages = [0, *(v for _, v, _ in course(fields, drives[:, n, k].tolist()))]
            gains = np.diff(voltages)
            saturated += int((gains != 64 * drives[:, n, k]).any())
            np.testing.assert_allclose(outputs[:, n, k], gains / 7 * STEPS, rtol=1e-12)
            total = 0.0
            for weight, gain in zip(weights, gains.tolist(), strict=True):
                total += weight * gain
            assert float(logits[n, k]) == total * (1 / 7)
    assert 0 < saturated < 15
