"""Mixed precision: every method takes a bfloat16 step on the CPU as it does one in float32."""

import pytest
import torch
from torch import Tensor

from tests.tiny_training import few_digits
from trainers.build import build_network
from trainers.fitting import Fitted, train_network
from trainers.methods import METHODS
from trainers.recipe import parse_recipe
from trainers.train_table import TrainTable

ROUNDING = 0.03
"""Of a loss: 2^-9 relative each for currents, membranes and logits, and some spikes that flip."""


def one_step(method: str, precision: str) -> Fitted:
    """All samples in one mini-batch, so the loss is that before the step."""
    recipe = parse_recipe(
        {
            "data": {"name": "digits"},
            "network": {"name": "conv-small", "channels": [6, 8]},
            "method": {"use": [method]},
            "train": {"epochs": 1, "batch_size": 129, "precision": precision, "time_steps": 3},
        },
        "step",
    )
    network = build_network(recipe, few_digits())
    return train_network(network, few_digits(), recipe.train, seed=1, device="cpu")


def real_numbers(fitted: Fitted) -> dict[str, Tensor]:
    """Weights and statistics."""
    state = fitted.network.state_dict()
    return {name: value for name, value in state.items() if value.is_floating_point()}


@pytest.mark.parametrize("method", METHODS)
def test_a_step_in_bfloat16_is_that_in_float32(method: str) -> None:
    """Loss within its rounding; weights, thresholds and statistics finite and in float32."""
    half, single = (one_step(method, precision) for precision in ("bf16", "32"))
    loss, expected = half.history[0]["train_loss"], single.history[0]["train_loss"]
    assert loss != expected
    assert loss == pytest.approx(expected, rel=ROUNDING)
    for name, value in real_numbers(half).items():
        assert value.dtype == torch.float32, name
        assert torch.isfinite(value).all(), name


@pytest.mark.parametrize("method", METHODS)
def test_statistics_of_a_bfloat16_step_keep_their_digits(method: str) -> None:
    """What moved isn't rounded to the 8 bits of bfloat16, and lies near the float32 step's."""
    half, single = (real_numbers(one_step(method, precision)) for precision in ("bf16", "32"))
    for name in half:
        if "running" not in name:
            continue
        torch.testing.assert_close(half[name], single[name], rtol=0.02, atol=0.02, msg=name)
        assert not torch.equal(half[name], half[name].bfloat16().float()), name


def test_precision_is_of_three_kinds() -> None:
    """The names of the recipe."""
    for precision in ("32", "bf16", "16"):
        assert TrainTable.model_validate({"precision": precision}).precision == precision
