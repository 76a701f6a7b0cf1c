"""How a threshold moves, read from the facts; facts that make no sense are refused."""

import numpy as np
import pytest

from export.errors import InvalidGraph
from export.moving_threshold import moving_nodes, moving_threshold
from export.nir_metadata import AdaptationFacts, FrozenFacts, InputFacts, ThresholdFacts
from tests.frozen_networks import conv_network

ADAPTATION = AdaptationFacts(beta=2.0, rho=0.5)


def facts(**threshold: object) -> FrozenFacts:
    """Facts of one node 'lif' with these of its threshold."""
    found = ThresholdFacts.model_validate(
        {"strategy": "schedule", "value": 2.0, "per_step": (1.0, 4.0, 1.0), **threshold}
    )
    inputs = InputFacts(form="static", shape=(1,))
    return FrozenFacts(spikeport="0", time_steps=3, input=inputs, thresholds={"lif": found})


def test_factors_are_shares_of_the_value() -> None:
    """factor[t] = per_step[t] / value; beyond the trained steps the last one repeats."""
    moving = moving_threshold(facts(), "lif")
    assert moving is not None
    assert moving.adaptation is None
    assert moving.factors_over(3).tolist() == [0.5, 2.0, 0.5]
    assert moving.factors_over(2).tolist() == [0.5, 2.0]
    assert moving.factors_over(6).tolist() == [0.5, 2.0, 0.5, 0.5, 0.5, 0.5]


@pytest.mark.parametrize(
    "constant", [{"strategy": "mean"}, {"per_step": (2.0, 2.0, 2.0)}, {"strategy": "calibrated"}]
)
def test_constants_don_t_move(constant: dict[str, object]) -> None:
    """By strategy, or because all steps agree; nodes without facts neither."""
    assert moving_threshold(facts(**constant), "lif") is None
    assert moving_threshold(facts(), "another") is None
    assert moving_nodes(conv_network()) == {}


def test_an_adaptation_alone_has_no_factors() -> None:
    """All of its steps have the same constant part."""
    moving = moving_threshold(facts(per_step=(2.0, 2.0), adaptation=ADAPTATION), "lif")
    assert moving is not None
    assert moving.factors is None
    assert moving.adaptation == ADAPTATION
    np.testing.assert_array_equal(moving.factors_over(4), np.ones(4))


@pytest.mark.parametrize(
    "wrong",
    [
        {"value": 0.0},
        {"value": -1.0},
        {"per_step": (1.0, -2.0)},
        {"per_step": (), "adaptation": ADAPTATION},
    ],
)
def test_thresholds_that_can_t_be_are_refused(wrong: dict[str, object]) -> None:
    """A file from elsewhere may say anything."""
    with pytest.raises(InvalidGraph, match=r"NIR node 'lif': its facts say .* all positive"):
        moving_threshold(facts(**wrong), "lif")
