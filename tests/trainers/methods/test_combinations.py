"""Methods together: trained, resumed, reloaded; and those that don't go together."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.tiny_training import few_digits, same_state
from tests.two_stages import SHAPE, two_stage_module
from trainers.checkpoint import load_weights
from trainers.errors import ConfigError
from trainers.evaluation import evaluate
from trainers.fitting import Fitted, fit, train_network
from trainers.methods import METHODS, install
from trainers.network import SpikingNetwork
from trainers.recipe import TrainTable

SETTINGS = TrainTable(time_steps=3, epochs=3, batch_size=32)
BATCHES = 4
"""129 samples in batches of 32, the last one of 33."""

PAIRS = [("deeptage", "two"), ("msg", "two"), ("ds-atgo", "two"), ("tet", "two")]


def prepared(methods: tuple[str, ...], seed: int = 0) -> SpikingNetwork:
    """The two-stage network under several methods with their default options."""
    network = SpikingNetwork(two_stage_module(seed), SETTINGS.time_steps, sample_shape=SHAPE)
    install(network, METHODS, {name: METHODS[name].options() for name in methods})
    return network


def train(methods: tuple[str, ...], folder: Path, *, stop_after: int | None = None) -> Fitted:
    """Three epochs, stopped by Ctrl-C after some training batches."""
    network = prepared(methods)
    seen = 0

    def ctrl_c(*_: object) -> None:
        nonlocal seen
        seen += network.training
        if stop_after is not None and seen > stop_after:
            raise KeyboardInterrupt

    network.body.get_submodule("0").register_forward_hook(ctrl_c)
    return train_network(
        network, few_digits(), SETTINGS, seed=3, device="cpu", folder=folder, fingerprint="f"
    )


@pytest.mark.parametrize("methods", PAIRS)
def test_a_pair_trains_and_its_reload_evaluates_identically(methods: tuple[str, ...]) -> None:
    """Two epochs by the API; every weight moves, step weights too, and all are in the state."""
    data = few_digits()
    torch.manual_seed(0)
    fitted = fit(
        two_stage_module(), data, method=methods, time_steps=3, epochs=2, batch_size=8,
        learning_rate=0.03, device="cpu",
    )  # fmt: skip
    weights = fitted.network.readout.weights(3)
    assert weights is not None
    assert not torch.equal(weights, torch.ones(3))
    assert fitted.history[1]["train_loss"] < fitted.history[0]["train_loss"]
    reloaded = prepared(methods, seed=9)
    before = evaluate(reloaded, data.test).logits
    reloaded.load_state_dict(fitted.network.state_dict())
    expected = evaluate(fitted.network, data.test, record_spikes=True)
    found = evaluate(reloaded, data.test, record_spikes=True)
    assert np.array_equal(found.logits, expected.logits)
    assert not np.array_equal(before, expected.logits)
    assert all(np.array_equal(found.spikes[name], fired) for name, fired in expected.spikes.items())
    assert all(fired.mean() > 0.01 for fired in expected.spikes.values())


@pytest.mark.parametrize("methods", PAIRS)
def test_a_resumed_pair_ends_where_an_unbroken_one_does(
    methods: tuple[str, ...], tmp_path: Path
) -> None:
    """Stopped in the second epoch: heads, step weights and the counts for the next ones go on."""
    unbroken = train(methods, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(methods, tmp_path / "broken", stop_after=BATCHES + 1)
    resumed = train(methods, tmp_path / "broken")
    state = unbroken.network.state_dict()
    assert same_state(resumed.network.state_dict(), state)
    assert not torch.equal(state["readout.step_weights"], torch.ones(3))
    reloaded = prepared(methods, seed=9)
    load_weights(reloaded, tmp_path / "broken" / "checkpoints" / "last.ckpt")
    assert same_state(reloaded.state_dict(), state)


@pytest.mark.parametrize(
    ("methods", "said"),
    [
        (("deeptage", "tet"), "deeptage and tet both set the loss; use one of them"),
        (("deeptage", "ds-atgo"), "both set the threshold, decay and surrogate"),
        (("msg", "deeptage"), "msg and deeptage both set the threshold"),
    ],
)
def test_pairs_that_contradict_are_refused(methods: tuple[str, ...], said: str) -> None:
    """By name, before anything is trained."""
    with pytest.raises(ConfigError, match=f"method: .*{said}"):
        fit(two_stage_module(), few_digits(), method=methods, epochs=1, device="cpu")


def test_stage_supervision_goes_with_another_neuron() -> None:
    """STDS alone beside DS-ATGO: its heads, the other's thresholds."""
    network = fit(
        two_stage_module(), few_digits(), method=("ds-atgo", "deeptage", "two"),
        options={"deeptage": {"tage": False, "head_depth": 1}}, epochs=1, device="cpu",
    ).network  # fmt: skip
    names = network.state_dict().keys()
    assert {"auxiliary.2.0.weight", "body.2.threshold_rule.running", "readout.correct"} <= names
