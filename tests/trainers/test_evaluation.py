"""Evaluating a network: logits, accuracy and spikes, without a trace on the network."""

import numpy as np
import pytest
import torch

from tests.tiny_training import copied_state, few_digits, same_state, tiny_network
from trainers.data import Split
from trainers.errors import DataError
from trainers.evaluation import evaluate, recorded_spikes
from trainers.network import SpikingNetwork


@pytest.fixture
def network() -> SpikingNetwork:
    """Float64, with running statistics that let it fire in evaluation."""
    tiny = tiny_network(time_steps=3)
    with torch.no_grad():
        for _ in range(40):
            tiny(torch.from_numpy(few_digits().train.inputs))
    return tiny.double().eval()


def test_logits_are_the_mean_current_and_decide(network: SpikingNetwork) -> None:
    """Batches of any size give the same logits, spikes and accuracy."""
    split = few_digits().test
    whole = evaluate(network, split, record_spikes=True)
    with torch.no_grad():
        outputs = network(torch.from_numpy(split.inputs).double())
    assert whole.logits == pytest.approx(outputs.mean(dim=0).numpy(), abs=1e-12)
    assert whole.accuracy == (whole.logits.argmax(axis=1) == split.labels).mean()
    for size in (1, 7, 40):
        parts = evaluate(network, split, record_spikes=True, batch_size=size)
        assert parts.logits == pytest.approx(whole.logits, abs=1e-12)
        assert np.array_equal(parts.spikes["2"], whole.spikes["2"])
        assert parts.accuracy == whole.accuracy


def test_accuracy_counts_the_labels(network: SpikingNetwork) -> None:
    """Labelled by its own decisions a split is all right; one label changed costs one sample."""
    split = few_digits().test
    decided = evaluate(network, split).logits.argmax(axis=1)
    assert evaluate(network, Split(split.inputs, decided)).accuracy == 1.0
    decided[3] = (decided[3] + 1) % 10
    assert evaluate(network, Split(split.inputs, decided)).accuracy == 39 / 40


def test_spikes_are_recorded_per_layer_step_and_sample(network: SpikingNetwork) -> None:
    """[T, N, ...], and only when asked for."""
    split = few_digits().test
    spikes = evaluate(network, split, record_spikes=True, batch_size=16).spikes
    assert list(spikes) == ["2"]
    assert spikes["2"].shape == (3, 40, 4, 8, 8)
    assert spikes["2"].dtype == np.bool_
    assert 0.02 < spikes["2"].mean() < 0.6
    assert evaluate(network, split).spikes == {}


def test_sequences_equal_the_static_samples_they_repeat(network: SpikingNetwork) -> None:
    """[N, T, ...] in the data, [T, N, ...] in the network."""
    split = few_digits().test
    repeated = Split(np.repeat(split.inputs[:][:, None], 3, axis=1), split.labels)
    over_time = SpikingNetwork(network.body, 3, sequence=True)
    assert np.array_equal(evaluate(over_time, repeated).logits, evaluate(network, split).logits)


def test_the_network_is_left_as_it_was(network: SpikingNetwork) -> None:
    """Weights, statistics, hooks, and each module's own mode, also after a failure."""
    network.train()
    network.body[1].eval()  # type: ignore[index]
    modes = [module.training for module in network.modules()]
    before = copied_state(network)
    split = few_digits().test
    evaluate(network, split, record_spikes=True)
    assert [module.training for module in network.modules()] == modes
    sequence = SpikingNetwork(network.body, 2, sequence=True).train()
    with pytest.raises(DataError, match="time steps"):
        evaluate(sequence, split, record_spikes=True)
    assert sequence.training
    assert not any(module._forward_hooks for module in network.modules())
    assert same_state(copied_state(network), before)


def test_read_only_and_strided_data_are_taken_as_they_are(network: SpikingNetwork) -> None:
    """A memory-mapped or reversed array is no reason for a warning or an error."""
    split = few_digits().test
    inputs = split.inputs[::-1]
    inputs.flags.writeable = False
    reversed_split = Split(inputs, split.labels[::-1])
    backwards = evaluate(network, reversed_split)
    assert backwards.logits[::-1] == pytest.approx(evaluate(network, split).logits, abs=1e-12)


def test_the_record_is_of_the_latest_pass(network: SpikingNetwork) -> None:
    """Within the block the dict follows; after it no hook is left."""
    inputs = torch.rand(5, 1, 8, 8, dtype=torch.float64)
    with recorded_spikes(network) as record:
        network(inputs)
        first = record["2"]
        network(3 * inputs)
        assert record["2"].shape == (15, 4, 8, 8)
        assert not torch.equal(first, record["2"])
    latest = record["2"]
    network(inputs)
    assert record["2"] is latest
