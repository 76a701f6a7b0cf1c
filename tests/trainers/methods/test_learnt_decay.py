"""What holds for every method whose layers learn their decay."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

from tests import lif_oracle
from tests.one_lif import one_lif
from tests.tiny_training import copied_state, few_digits, same_state, tiny_module, tiny_network
from trainers.evaluation import evaluate
from trainers.fitting import fit


@dataclass(frozen=True)
class Case:
    """A method with options, and what it should give.

    Args:
        method: its name.
        options: of the method.
        decay: of the layer.
        threshold: of every step.
        width: of the rectangle at every step; None for DS-ATGO's, which the membrane drives.
        gain: on the current.
    """

    method: str
    options: dict[str, Any]
    decay: float
    threshold: float
    width: float | None
    gain: float = 1.0


PLIF = {"threshold": 0.5, "surrogate_width": 1.5, "initial_decay": 0.6}
ESTIMATED = {"threshold_statistic": "estimated"}
THETA = 1.16**0.5
CASES = {
    "plif": Case("plif", PLIF, 0.6, 0.5, 1.5),
    "plif, decay_input": Case("plif", {**PLIF, "decay_input": True}, 0.6, 0.5, 1.5, gain=0.4),
    "lsg": Case("lsg", {"threshold": 0.5, "initial_decay": 0.6}, 0.6, 0.5, 1.36**0.5),
    "ds-atgo, estimated": Case("ds-atgo", ESTIMATED, 0.4, THETA, None),
    "ds-atgo, estimated, width by threshold": Case(
        "ds-atgo", {**ESTIMATED, "tgo_statistic": "threshold"}, 0.4, THETA, 1 + np.tanh(THETA - 1)
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_training_equals_the_plain_loop(case: Case) -> None:
    """Spikes, and gradients by currents and by w, in a random case of many neurons.

    The decay learns through the dynamics alone, not through threshold or width.
    """
    network, layer = one_lif(case.method, 5, built_with=case.decay, **case.options)
    rng = np.random.default_rng(2)
    values, upstream = rng.normal(0.4, 0.9, (2, 5, 4, 3))
    leaf = torch.tensor(values, requires_grad=True)
    spikes = network(leaf)
    (spikes * torch.tensor(upstream)).sum().backward()

    def width(membrane: lif_oracle.Array, _step: int) -> float:
        return float(1 + np.tanh(membrane.std(ddof=1) - 1)) if case.width is None else case.width

    decay = float(layer.decay.detach())
    assert decay == pytest.approx(case.decay, rel=1e-12)
    run = lif_oracle.forward(case.gain * values, decay, lambda _u, _t: case.threshold, width)
    by_membrane, by_decay = lif_oracle.backward(run, decay, upstream)
    if case.gain != 1:
        # The gain is 1 - decay, so the decay works through it too.
        by_decay -= float((by_membrane * values).sum())
    assert np.array_equal(spikes.detach().numpy(), run.spikes)
    assert 0.02 < run.spikes.mean() < 0.6
    assert leaf.grad is not None
    assert leaf.grad.numpy() == pytest.approx(case.gain * by_membrane, rel=1e-12, abs=1e-12)
    assert layer.decay_logit.grad is not None
    by_w = by_decay * decay * (1 - decay)
    assert float(layer.decay_logit.grad) == pytest.approx(by_w, rel=1e-9)


@pytest.mark.parametrize("method", ["plif", "lsg"])
def test_training_moves_every_decay_and_a_reload_brings_it_back(method: str) -> None:
    """The decay is in the state; a fresh network with that state evaluates alike."""
    data = few_digits()
    trained = fit(
        tiny_module(), data, method=method, epochs=4, learning_rate=0.02, device="cpu"
    ).network
    ((_, layer),) = trained.neurons()
    assert abs(float(layer.decay.detach()) - 0.2) > 1e-3
    reloaded = tiny_network(seed=9, time_steps=trained.time_steps, method=method)
    fresh = evaluate(reloaded, data.test).logits
    reloaded.load_state_dict(trained.state_dict())
    assert same_state(copied_state(reloaded), copied_state(trained))
    before, after = (evaluate(network, data.test).logits for network in (trained, reloaded))
    assert np.array_equal(before, after)
    assert not np.array_equal(fresh, after)
