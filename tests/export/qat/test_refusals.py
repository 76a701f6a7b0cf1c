"""What can't be trained on integers is refused by name."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from export.errors import InvalidGraph, LimitExceeded, UnsupportedLayer
from export.nir_metadata import attach_facts, read_facts
from export.qat import integer_network
from export.qat.dequantised import dequantised
from export.qat.exact_sums import refuse_too_large
from tests.quantised_networks import BODIES, case, quantised_case
from tests.torch_networks import Residual, conv_norm, networked
from trainers.errors import DataError
from trainers.neurons.lif import LIF

REFUSED: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "two matrices": (
        lambda: nn.Sequential(nn.Flatten(), nn.Linear(64, 9), LIF(0.2), nn.Linear(9, 9),
                              nn.Linear(9, 5)),
        "'l003_fc' and 'l004_fc' with weights in a row",
    ),
    "pooled currents": (
        lambda: nn.Sequential(nn.Conv2d(1, 4, 3), LIF(0.2), nn.Conv2d(4, 4, 3), nn.AvgPool2d(2),
                              LIF(0.2), nn.Flatten(), nn.Linear(16, 5)),
        "'l003_sumpool' behind weights, which pools them",
    ),
    "overlapping windows": (
        lambda: nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), LIF(0.2),
                              nn.AvgPool2d(3, stride=2, padding=1), nn.Conv2d(4, 4, 3, padding=1),
                              LIF(0.2), nn.Flatten(), nn.Linear(64, 5)),
        "'l002_sumpool', whose windows overlap and merge weights",
    ),
    "two convolutions of one shape": (
        lambda: nn.Sequential(*conv_norm(1, 4), LIF(0.2),
                              Residual(conv_norm(4, 4), conv_norm(4, 4), LIF(0.4)),
                              nn.Flatten(), nn.Linear(256, 5)),
        "2 ways lead to it in 1 projections",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_ways_that_merge_weights_are_refused(name: str) -> None:
    """The message names the nodes and says what to do."""
    body, message = REFUSED[name]
    found = quantised_case(networked(body()), "bias", 8)
    with pytest.raises(UnsupportedLayer, match=f"{message}.*export.qat"):
        integer_network(found.graph, found.quantised, found.network)


def test_integers_of_another_network_are_refused() -> None:
    """A quantisation that lacks a population, or a trained network without the layer."""
    found = case("digits recipe")
    short = replace(found.quantised, layers=found.quantised.layers[:-1])
    with pytest.raises(InvalidGraph, match=r"'l007_fc'.*another network"):
        integer_network(found.graph, short, found.network)
    with pytest.raises(InvalidGraph, match="lacks the layer that it comes from"):
        integer_network(found.graph, found.quantised, networked(BODIES["bare output"]()))
    with pytest.raises(InvalidGraph, match="doesn't run on integers"):
        dequantised(found.graph, found.network)


def test_thresholds_that_move_are_refused() -> None:
    """The chip would fire by the constant, and fine-tuning by what it knows of the chip."""
    found = case("digits recipe")
    facts = read_facts(found.graph)
    node, threshold = next(iter(facts.thresholds.items()))
    moving = threshold.model_copy(update={"strategy": "schedule", "per_step": (0.5, 0.7)})
    thresholds = {**facts.thresholds, node: moving}
    attach_facts(found.graph, facts.model_copy(update={"thresholds": thresholds}))
    with pytest.raises(UnsupportedLayer, match=f"'{node}': its threshold changes with time"):
        integer_network(found.graph, found.quantised, found.network)


def test_inputs_that_are_no_spikes_are_refused() -> None:
    """The chip would not take them either."""
    found = case("digits recipe", "spikes")
    network = integer_network(found.graph, found.quantised, found.network)
    half: Tensor = torch.full((2, 1, 8, 8), 0.5)
    with pytest.raises(DataError, match="other than 0 and 1"):
        network(half)


def test_sums_that_leave_24_bits_are_refused() -> None:
    """Past 2^23 - 1 Lava's kinds of projection wrap differently."""
    refuse_too_large("a", 2**23 - 1)
    with pytest.raises(LimitExceeded, match="'a': a synaptic sum could reach 8,388,608"):
        refuse_too_large("a", 2**23)
