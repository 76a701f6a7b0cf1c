"""A few digits and the smallest networks that learn from them, for tests that train."""

from functools import cache

import torch
from torch import Tensor, nn

from trainers.data import DataSplits, Split
from trainers.data.load import load_data
from trainers.methods import METHODS
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF


@cache
def few_digits(train: int = 129, others: int = 40) -> DataSplits:
    """The first samples of each split; 129 in batches of 32 leave a last one of 33."""
    digits = load_data("digits")
    return DataSplits(
        name="few digits",
        train=first(digits.train, train),
        validation=first(digits.validation, others),
        test=first(digits.test, others),
        classes=digits.classes,
    )


def first(split: Split, samples: int) -> Split:
    """The first samples of a split."""
    return Split(split.inputs[:samples], split.labels[:samples])


def tiny_module(seed: int = 0) -> nn.Sequential:
    """conv - norm - LIF - pool - dropout - linear; the dropout shows whether randomness repeats."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1, bias=False),
        nn.BatchNorm2d(4),
        LIF(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.Linear(64, 10),
    )


def tiny_network(seed: int = 0, time_steps: int = 2, method: str = "ds-atgo") -> SpikingNetwork:
    """The tiny module over time, prepared by a method."""
    network = SpikingNetwork(tiny_module(seed), time_steps)
    METHODS[method].prepare(network, METHODS[method].options())
    return network


def copied_state(module: nn.Module) -> dict[str, Tensor]:
    """A copy of every weight and buffer."""
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def same_state(left: dict[str, Tensor], right: dict[str, Tensor]) -> bool:
    """Whether both hold the same tensors, bit for bit."""
    return left.keys() == right.keys() and all(
        torch.equal(tensor, right[name]) for name, tensor in left.items()
    )
