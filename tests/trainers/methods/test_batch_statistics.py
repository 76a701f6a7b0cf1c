"""Batch statistics: measured once per membrane, and the whole batch's across processes."""

import copy
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from tests import two_processes
from trainers.methods import batch_statistics
from trainers.methods.adaptive_threshold import AdaptiveThreshold
from trainers.methods.batch_statistics import BatchStatistics
from trainers.methods.ds_atgo import ThresholdDrivenGradient
from trainers.neurons.lif import LIF


def test_two_processes_find_the_whole_batchs_statistics(tmp_path: Path) -> None:
    """Parts of 5 and 7 samples: statistics, spikes and gradients are those of all 12 at once.

    In evaluation a process never asks the other one.
    """
    found = two_processes.run_both(tmp_path)
    whole = two_processes.currents()
    values = whole.numpy()
    network = two_processes.prepared_network(synchronised=False)
    spikes, gradients, running = two_processes.ds_atgo_pass(network, whole)
    assert 0.02 < spikes.mean() < 0.6
    for rank, process in enumerate(found):
        held = two_processes.part(rank)
        far = values + two_processes.FAR
        assert process["far"] == pytest.approx([far.std(ddof=1), far.mean()], rel=1e-9)
        assert process["single"].dtype == np.float32
        assert float(process["single"]) == pytest.approx(values.std(ddof=1), rel=1e-6)
        own = values[:, held]
        assert process["alone"] == pytest.approx([own.std(ddof=1), own.mean()], rel=1e-12)
        assert np.array_equal(process["spikes"], spikes[:, held])
        assert process["gradients"] == pytest.approx(gradients[:, held], rel=1e-12, abs=1e-12)
        assert process["running"] == pytest.approx(running, rel=1e-12)
    first = values[0, two_processes.part(0)]
    width = float(np.load(tmp_path / "width.npy"))
    assert width == pytest.approx(1 + np.tanh(first.std(ddof=1) - 1), rel=1e-12)
    assert found[0]["alone"][0] != pytest.approx(found[1]["alone"][0], rel=1e-3)


def test_without_other_processes_it_is_this_ones() -> None:
    """Asking for synchronised statistics in a single process changes no bit."""
    membrane = torch.randn(1000, generator=torch.Generator().manual_seed(0))
    std, mean = BatchStatistics(synchronised=True).std_mean(membrane)
    own = BatchStatistics().std_mean(membrane)
    assert torch.equal(std, own[0])
    assert torch.equal(mean, own[1])


@pytest.mark.parametrize("shift", [0.0, 100.0])
def test_deviation_and_mean_are_torch_s(shift: float) -> None:
    """To float32's rounding, also far from zero, where a plain sum of squares would cancel."""
    generator = torch.Generator().manual_seed(1)
    membrane = torch.randn(64, 50, 7, generator=generator) * 0.5 + shift
    std, mean = BatchStatistics().std_mean(membrane)
    exact = torch.std_mean(membrane.double())
    assert float(std) == pytest.approx(float(exact[0]), rel=1e-6)
    assert float(mean) == pytest.approx(float(exact[1]), rel=1e-6, abs=1e-7)


def test_a_membrane_is_measured_once_and_another_one_anew() -> None:
    """The same tensor costs one measurement; an equal one of its own, or the next step, its own."""
    statistics = BatchStatistics()
    membrane = torch.tensor([1.0, 2.0, 4.0])
    std, _ = statistics.std_mean(membrane)
    assert statistics.std_mean(membrane)[0] is std
    assert statistics.std_mean(membrane.clone())[0] is not std
    assert float(statistics.std_mean(10 * membrane)[0]) == pytest.approx(10 * float(std))


def test_at_and_tgo_of_a_layer_measure_each_step_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four steps, four measurements, though both rules ask."""
    layer = two_processes.prepared_network(synchronised=False).body.get_submodule("0")
    assert isinstance(layer, LIF)
    assert isinstance(layer.threshold_rule, AdaptiveThreshold)
    assert isinstance(layer.surrogate, ThresholdDrivenGradient)
    assert layer.surrogate.statistics is layer.threshold_rule.statistics
    measured = []
    original = batch_statistics.mean_and_squares

    def counted(values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        measured.append(values)
        return original(values)

    monkeypatch.setattr(batch_statistics, "mean_and_squares", counted)
    layer(two_processes.currents().flatten(0, 1))
    assert len(measured) == 4


def test_copies_and_pickles_start_afresh() -> None:
    """A network that has just trained can be copied and sent to another process."""
    statistics = BatchStatistics(synchronised=True)
    membrane = torch.tensor([1.0, 2.0, 4.0])
    std, _ = statistics.std_mean(membrane)
    for other in (copy.deepcopy(statistics), pickle.loads(pickle.dumps(statistics))):  # noqa: S301
        assert other.synchronised
        assert other.std_mean(membrane)[0] is not std
