"""mlp: any sample shape, flattened."""

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from trainers.network import SpikingNetwork
from trainers.networks import NETWORKS
from trainers.networks.mlp import MLPOptions, build
from trainers.neurons.lif import LIF


def test_a_hidden_layer_is_linear_norm_lif() -> None:
    """Images are flattened first, vectors come as they are."""
    hidden = [nn.Linear, nn.BatchNorm1d, LIF]
    of_images = build(MLPOptions(hidden=(5, 4)), (1, 8, 8), 10)
    of_vectors = build(MLPOptions(hidden=(5,)), (64,), 10)
    assert [type(layer) for layer in of_images.children()] == [
        nn.Flatten, *hidden, *hidden, nn.Linear
    ]  # fmt: skip
    assert [type(layer) for layer in of_vectors.children()] == [*hidden, nn.Linear]


@pytest.mark.parametrize("shape", [(6,), (2, 3), (2, 3, 4)])
def test_samples_of_any_shape_fit(shape: tuple[int, ...]) -> None:
    """One current per class, step and sample."""
    network = SpikingNetwork(build(MLPOptions(hidden=(5,)), shape, 4), 2)
    assert network(torch.rand(3, *shape)).shape == (2, 3, 4)


@pytest.mark.parametrize("values", [{"hidden": []}, {"hidden": [0]}, {"decay": 0.0}])
def test_senseless_options_are_refused(values: dict[str, object]) -> None:
    """No hidden layer, an empty one, a decay of zero."""
    with pytest.raises(ValidationError, match=next(iter(values))):
        NETWORKS["mlp"].options.model_validate(values)
