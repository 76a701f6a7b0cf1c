"""The calibrated constants: against a slow loop, a known answer, and what they must never touch."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from export.errors import InvalidGraph
from export.freezing import freeze
from export.freezing.strategies import STRATEGIES, calibrated
from export.freezing.strategies.calibrated import changed_spikes
from export.freezing.strategies.prefix_run import layer_run
from export.freezing.thresholds import threshold_schedules
from export.nir_metadata import read_facts
from tests.moving_thresholds import (
    FEATURES,
    ThatEnds,
    TwoPaths,
    chain,
    running,
    samples,
    with_schedules,
)
from tests.tiny_training import copied_state, same_state
from trainers.errors import ConfigError, DataError
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF
from trainers.neurons.recurrent_lif import RecurrentLIF

Array = NDArray[np.float64]


def chosen(network: SpikingNetwork, calibration: Any) -> dict[str, float]:
    """What the strategy chooses."""
    schedules = threshold_schedules(network)
    return STRATEGIES["calibrated"].choose(network, schedules, calibration)


def spikes_of(currents: Array, decay: float, thresholds: Array) -> Array:
    """One LIF at unit gain over [T, N, features], written from its equation."""
    membrane, rows = np.zeros_like(currents[0]), []
    for current, threshold in zip(currents, thresholds, strict=True):
        membrane = decay * membrane + current
        fired = membrane > threshold
        membrane = np.where(fired, 0.0, membrane)
        rows.append(fired.astype(np.float64))
    return np.stack(rows)


def linear(layer: nn.Module, rows: Array) -> Array:
    """A linear layer in numpy."""
    assert isinstance(layer, nn.Linear)
    result: Array = rows @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()
    return result


def candidates_of(schedule: Array, count: Any) -> tuple[float, int]:
    """A coarse and a fine grid, one candidate after the other; the best and its count."""
    mean, low, high = schedule.mean(), schedule.min(), schedule.max()
    tried = sorted([low + (high - low) * k / 16 for k in range(17)] + [mean])
    counts = [count(threshold) for threshold in tried]
    best = min(range(18), key=lambda k: (counts[k], abs(tried[k] - mean)))
    low, high = tried[max(0, best - 1)], tried[min(17, best + 1)]
    finer = [low + (high - low) * k / 16 for k in range(17)]
    everything = [*zip(tried, counts, strict=True), *((t, count(t)) for t in finer)]
    return min(everything, key=lambda found: (found[1], abs(found[0] - mean)))


def slow_constants(network: SpikingNetwork, inputs: Array) -> dict[str, float]:
    """Layer by layer through a chain of linear layers and LIFs; inputs [T, N, F]."""
    trained = frozen = inputs
    found: dict[str, float] = {}
    schedules = threshold_schedules(network)
    for name, layer in network.body.named_children():
        if not isinstance(layer, LIF):
            trained, frozen = linear(layer, trained), linear(layer, frozen)
            continue
        decay = float(torch.sigmoid(layer.decay_logit.detach()))
        gain = 1 - decay if layer.decay_input else 1.0
        expected = spikes_of(trained * gain, decay, schedules[name] * gain)
        snapped = round(decay * 4096) / 4096

        def count(
            threshold: float,
            currents: Array = frozen,
            expected: Array = expected,
            snapped: float = snapped,
        ) -> int:
            given = spikes_of(currents, snapped, np.full(len(currents), threshold))
            return int((given != expected).sum())

        found[name], _ = candidates_of(schedules[name], count)
        trained = expected
        frozen = spikes_of(frozen, snapped, np.full(len(frozen), found[name]))
    return found


@pytest.mark.parametrize("sequence", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_it_finds_what_a_slow_loop_finds(seed: int, sequence: bool) -> None:
    """Layer by layer, candidate by candidate, with scaled currents in one layer."""
    network = with_schedules(chain(), seed, sequence=sequence)
    dict(network.neurons())["3"].decay_input = True
    given = samples(70, seed + 10, sequence=sequence)
    over_time = given.swapaxes(0, 1) if sequence else np.broadcast_to(given, (5, *given.shape))
    slow = slow_constants(network, over_time.astype(np.float64))
    found = chosen(network, given)
    assert found.keys() == slow.keys()
    for name, value in slow.items():
        assert found[name] == pytest.approx(value, rel=1e-12)
    assert found != {name: s.mean() for name, s in threshold_schedules(network).items()}


def test_a_known_answer() -> None:
    """No leak, so u = I: of step 1 exactly 1.9 must fire, of step 2 exactly 3.5 and not 1.7."""
    identity = nn.Linear(1, 1, bias=False)
    body = nn.Sequential(identity, LIF(1e-5), nn.Linear(1, 2))
    network = with_schedules(body, sequence=True, time_steps=2)
    identity.weight.data.fill_(1.0)
    running(network, "1").copy_(torch.tensor([1.0, 3.0]))
    given = np.array([[[0.5], [1.7]], [[1.9], [1.7]], [[0.5], [3.5]], [[1.9], [3.5]]], np.float32)
    assert 1.7 <= chosen(network, given)["1"] < 1.9


def test_ties_go_to_the_mean() -> None:
    """Samples of zeros without bias never fire, whatever the threshold."""
    network = with_schedules(chain())
    for layer in network.body.children():
        if isinstance(layer, nn.Linear):
            layer.bias.data.zero_()
    schedules = threshold_schedules(network)
    means = {name: float(schedule.mean()) for name, schedule in schedules.items()}
    assert chosen(network, np.zeros((3, FEATURES), np.float32)) == means


def disagreement(
    network: SpikingNetwork,
    name: str,
    before: Mapping[str, float],
    value: float,
    given: NDArray[np.float32],
) -> int:
    """Changed spikes of one layer when it and those before it are constant, by hooks on torch."""
    seen: list[Tensor] = []
    handle = dict(network.neurons())[name].register_forward_hook(
        lambda _module, _given, spikes: seen.append(spikes)
    )
    network(torch.from_numpy(given).double())
    values = {**before, name: value}
    kept = {key: running(network, key).clone() for key in values}
    for key, constant in values.items():
        running(network, key).fill_(constant)
    network(torch.from_numpy(given).double())
    for key, schedule in kept.items():
        running(network, key).copy_(schedule)
    handle.remove()
    return int((seen[0] != seen[1]).sum())


@pytest.mark.parametrize("seed", range(5))
def test_no_layer_disagrees_more_than_with_its_mean(seed: int) -> None:
    """With the same constants before it; in a network with a sum, whose LIFs run out of order."""
    network, given = with_schedules(TwoPaths(), seed), samples(100, seed)
    for _, neuron in network.neurons():
        # 3/4 lies on the chip's grid, so that trained and frozen decays are the same.
        neuron.decay_logit.data.fill_(float(np.log(3.0)))
    found, means = chosen(network, given), threshold_schedules(network)
    before: dict[str, float] = {}
    for name in ("first", "last"):
        least = disagreement(network, name, before, found[name], given)
        assert least <= disagreement(network, name, before, float(means[name].mean()), given)
        before[name] = found[name]


def test_layers_are_chosen_in_the_order_they_run() -> None:
    """The same network with its LIFs defined the other way round gets the same constants."""

    class Ordered(TwoPaths):
        def __init__(self) -> None:
            super().__init__()
            self.last = self._modules.pop("last")  # type: ignore[assignment]

    given = samples(100)
    network, other = with_schedules(TwoPaths(), 3), with_schedules(Ordered(), 4)
    other.load_state_dict(network.state_dict())
    assert [name for name, _ in network.neurons()] == ["last", "first"]
    assert [name for name, _ in other.neurons()] == ["first", "last"]
    assert chosen(network, given) == chosen(other, given)


def test_constant_schedules_keep_their_value_and_run_nothing() -> None:
    """Also where the mean of equal numbers would be rounded."""
    network = with_schedules(chain(), time_steps=3)
    for name in ("1", "3", "5"):
        running(network, name).fill_(0.1)
    network.body.forward = None  # type: ignore[assignment]
    assert chosen(network, samples(3)) == {"1": 0.1, "3": 0.1, "5": 0.1}


def test_a_constant_layer_keeps_its_value_among_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """It costs no pass, and the layers after it are chosen all the same."""
    network = with_schedules(chain())
    running(network, "3").fill_(0.7)
    asked: list[str] = []

    def noted(network: SpikingNetwork, name: str, batch: Tensor) -> tuple[Tensor, Tensor]:
        asked.append(name)
        return layer_run(network, name, batch)

    monkeypatch.setattr(f"{calibrated.__name__}.layer_run", noted)
    found = chosen(network, samples(20))
    assert found["3"] == 0.7
    assert set(asked) == {"1", "5"}


def test_the_network_stays_as_it_was() -> None:
    """Weights, buffers, modes, hooks and rules; asked again it answers the same."""
    network = with_schedules(TwoPaths())
    network.train()
    network.body.inner.eval()  # type: ignore[union-attr]
    before, modes = copied_state(network), [module.training for module in network.modules()]
    modules = list(network.modules())
    first = chosen(network, samples(90))
    assert same_state(before, network.state_dict())
    assert [module.training for module in network.modules()] == modes
    assert all(a is b for a, b in zip(modules, network.modules(), strict=True))
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in modules)
    assert chosen(network, samples(90)) == first


def test_parts_of_a_batch_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The candidates of one sample at a time count what those of a batch count."""
    network, given = with_schedules(chain()), samples(70)
    whole = chosen(network, given)
    monkeypatch.setattr(calibrated, "LARGEST_RUN", 1)
    assert chosen(network, given) == whole


def test_only_the_first_512_samples_are_read() -> None:
    """Of lazy inputs no later one is asked for."""
    network, given = with_schedules(chain()), samples(600)
    assert chosen(network, ThatEnds(given, 512)) == chosen(network, given[:512])
    assert chosen(network, given[:40]) != chosen(network, given[:512])


def test_what_freezing_records() -> None:
    """The strategy, its constant, and the trained thresholds."""
    network, given = with_schedules(chain()), samples(50)
    constants = chosen(network, given)
    facts = read_facts(freeze(network, given[:1], strategy="calibrated", calibration=given))
    schedules = threshold_schedules(network)
    for node, thresholds in facts.thresholds.items():
        name = facts.modules[node]
        assert (thresholds.strategy, thresholds.value) == ("calibrated", constants[name])
        assert thresholds.per_step == tuple(schedules[name])


@pytest.mark.parametrize(
    ("calibration", "error", "message"),
    [
        (None, ConfigError, "needs calibration samples, none were given"),
        (samples(0), ConfigError, "needs calibration samples, the array given holds none"),
        (np.full((2, FEATURES), np.nan, np.float32), DataError, "12 of 12 calibration values"),
        (np.zeros((2, 3), np.float32), InvalidGraph, r"sample of shape \(3,\) doesn't fit"),
    ],
)
def test_samples_that_say_nothing_are_refused(
    calibration: Any, error: type[Exception], message: str
) -> None:
    """In one line."""
    with pytest.raises(error, match=message) as raised:
        chosen(with_schedules(chain()), calibration)
    assert "\n" not in str(raised.value)


def test_candidates_of_a_recurrent_layer_hear_their_own_spikes() -> None:
    """Every candidate's count is that of a loop in which its own spikes come back."""
    rng = np.random.default_rng(4)
    currents = rng.normal(0.3, 1.0, size=(7, 5, 6))
    weight = rng.normal(size=(6, 6)) / 2
    expected = rng.random(currents.shape) < 0.3
    thresholds = np.array([0.4, 0.8, 1.3])
    counts = changed_spikes(
        torch.from_numpy(currents), torch.from_numpy(expected.astype(float)), 0.6,
        torch.from_numpy(thresholds), torch.from_numpy(weight),
    )  # fmt: skip
    for threshold, count in zip(thresholds, counts, strict=True):
        membrane, fired, apart = np.zeros((5, 6)), np.zeros((5, 6)), 0
        for current, wanted in zip(currents, expected, strict=True):
            membrane = 0.6 * membrane * (1 - fired) + current + fired @ weight.T
            fired = (membrane > threshold).astype(float)
            apart += int((fired != wanted).sum())
        assert count == apart


def test_a_recurrent_layer_is_calibrated() -> None:
    """Its constant lies within its schedule."""
    body = nn.Sequential(nn.Linear(FEATURES, 4), RecurrentLIF(4), nn.Linear(4, 3))
    network = with_schedules(body)
    schedule = threshold_schedules(network)["1"]
    assert schedule.min() <= chosen(network, samples(3))["1"] <= schedule.max()
