"""The probe against a float64 loop, and without a trace on the network."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests import lif_oracle
from tests.tiny_training import copied_state, few_digits, same_state, tiny_network
from trainers.data import Split
from trainers.diagnostics_file import EDGES, SERIES
from trainers.errors import DataError
from trainers.evaluation import evaluate
from trainers.layer_probe import probed
from trainers.methods import METHODS, MethodOptions, install
from trainers.methods.ds_atgo import DSATGOOptions, ThresholdDrivenGradient
from trainers.network import SpikingNetwork
from trainers.networks import NETWORKS
from trainers.neurons.lif import LIF
from trainers.neurons.shaped import Shaped
from trainers.neurons.surrogate import Surrogate

DECAY, THRESHOLD, WIDTH = 0.5, 1.0, 1.25
BINS = len(EDGES) + 1


def single_layer(time_steps: int, surrogate: Surrogate) -> SpikingNetwork:
    """One LIF layer and nothing else, in float64."""
    layer = LIF(DECAY, threshold=THRESHOLD)
    layer.surrogate = surrogate
    network = SpikingNetwork(nn.Sequential(layer), time_steps, sequence=True).double()
    return network.eval()


@pytest.mark.parametrize("batch", [60, 7])
@pytest.mark.parametrize(
    "surrogate",
    # The second gives its own interval: exactly 1.25 at a threshold of 1.
    [Shaped("rectangular", WIDTH), ThresholdDrivenGradient(WIDTH, "threshold")],
)
def test_every_number_is_the_plain_loop_s(surrogate: Surrogate, batch: int) -> None:
    """Currents on an eighth's grid, so that thresholds and edges of bins and interval are hit."""
    rng = np.random.default_rng(5)
    currents = rng.integers(-48, 64, (60, 3, 5)) / 8.0
    run = lif_oracle.forward(
        currents.swapaxes(0, 1), DECAY, lambda _u, _t: THRESHOLD, lambda _u, _t: WIDTH
    )
    network = single_layer(3, surrogate)
    with probed(network, histogram=True) as probe, torch.no_grad():
        for start in range(0, 60, batch):
            network(torch.from_numpy(currents[start : start + batch]).transpose(0, 1))
    found = dict(zip(SERIES, probe.series()[:, 0], strict=True))
    distance = run.before_reset - THRESHOLD
    axes = (1, 2)
    assert found["rate"] == pytest.approx(run.spikes.mean(axis=axes), abs=1e-15)
    assert found["membrane_mean"] == pytest.approx(run.before_reset.mean(axis=axes), abs=1e-13)
    assert found["membrane_std"] == pytest.approx(run.before_reset.std(axis=axes), abs=1e-13)
    assert found["threshold"] == pytest.approx([THRESHOLD] * 3, abs=1e-15)
    assert found["width"] == pytest.approx([WIDTH] * 3, rel=4e-9)
    available = (np.abs(distance) < WIDTH / 2).mean(axis=axes)
    assert (np.abs(distance) == WIDTH / 2).any()
    assert found["available"] == pytest.approx(available, abs=1e-15)

    low, high = np.r_[-np.inf, EDGES], np.r_[EDGES, np.inf]
    for step in range(3):
        flat = distance[step].reshape(-1, 1)
        expected = ((flat > low) & (flat <= high)).sum(axis=0)
        assert np.array_equal(probe.histogram()[0, step], expected)
    fired = probe.histogram()[0, :, BINS // 2 :].sum(axis=1)
    assert fired.tolist() == run.spikes.sum(axis=axes).tolist()


def prepared(name: str, options: MethodOptions | None = None, passes: int = 1) -> SpikingNetwork:
    """A small convolutional network of a method, which has run in training."""
    torch.manual_seed(1)
    spec = NETWORKS["conv-small"]
    network = SpikingNetwork(spec.build(spec.options(), (1, 8, 8), 10), 3, sample_shape=(1, 8, 8))
    install(network, METHODS, {name: options or METHODS[name].options()})
    with torch.no_grad():
        for _ in range(passes):
            network(torch.rand(16, 1, 8, 8))
    return network


VARIANTS = [
    *((name, None) for name in METHODS),
    ("ds-atgo", DSATGOOptions(tgo_statistic="threshold")),
]


@pytest.mark.parametrize(("name", "options"), VARIANTS)
def test_the_interval_is_where_the_derivative_is_at_least_half(
    name: str, options: MethodOptions | None
) -> None:
    """For every method of the table, on membranes of its own kind, at every step in order."""
    network = prepared(name, options).eval()
    _, neuron = list(network.neurons())[-1]
    generator = torch.Generator().manual_seed(3)
    for step in range(3):
        membrane = torch.randn(32, 8, 4, 4, generator=generator) * (1 + step)
        threshold = neuron.threshold_rule(membrane, step).detach()
        membrane[0, 0, 0, 0] = threshold if threshold.ndim == 0 else threshold[0, 0, 0, 0]
        interval = neuron.surrogate.interval(membrane, threshold, step)
        inside = (membrane - threshold).abs() < interval / 2
        height = neuron.surrogate.derivative(membrane, threshold, step)
        assert torch.equal(inside, height >= height[0, 0, 0, 0] / 2)
        assert 0.01 < inside.float().mean() < 0.9


def test_the_statistics_are_those_of_the_spikes_that_evaluation_records() -> None:
    """Rates equal the mean of recorded spikes, layer by layer and step by step."""
    network = prepared("ds-atgo", passes=30)
    split = few_digits().validation
    recorded = evaluate(network, split, record_spikes=True).spikes
    with probed(network) as probe:
        evaluate(network, split)
    rates = probe.series()[SERIES.index("rate")]
    for row, spikes in zip(rates, recorded.values(), strict=True):
        assert row == pytest.approx(spikes.reshape(3, -1).mean(axis=1), abs=1e-15)
    assert rates.max() > 0.01
    thresholds = probe.series()[SERIES.index("threshold")]
    for row, (_, neuron) in zip(thresholds, network.neurons(), strict=True):
        running = neuron.threshold_rule.schedule(3)
        assert running is not None
        assert row == pytest.approx(running.double().numpy(), abs=1e-15)


def test_the_network_is_left_as_it_was() -> None:
    """Weights, running thresholds, modes, random state and an earlier probe, after a fault too."""
    network = tiny_network(time_steps=2)
    _, neuron = next(network.neurons())
    seen: list[int] = []

    def earlier(step: int, *_: Tensor) -> None:
        seen.append(step)

    neuron.probe = earlier
    before, random = copied_state(network), torch.get_rng_state()
    modes = [module.training for module in network.modules()]
    split = few_digits().validation
    with probed(network, histogram=True):
        evaluate(network, split)
    wrong = Split(split.inputs[:][:, :, :4], split.labels)
    with pytest.raises((RuntimeError, DataError)), probed(network):
        evaluate(network, wrong)
    assert neuron.probe is earlier
    assert seen == []
    assert same_state(network.state_dict(), before)
    assert torch.equal(torch.get_rng_state(), random)
    assert [module.training for module in network.modules()] == modes


def test_a_layer_that_never_ran_has_no_numbers() -> None:
    """NaN and empty bins, not zeros that look measured."""
    network = tiny_network(time_steps=2)
    with probed(network, histogram=True) as probe:
        pass
    assert np.isnan(probe.series()).all()
    assert probe.histogram().shape == (1, 2, BINS)
    assert probe.histogram().sum() == 0
