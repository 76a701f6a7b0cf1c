"""recurrent: hidden layers of LIF neurons that feed themselves, then a linear readout.

For sequences: each step brings one sample [T, B, ...], flattened, and the layers' own spikes carry
what earlier steps brought. See trainers.neurons.recurrent_lif.
"""

import math
from typing import cast

from pydantic import Field, PositiveInt
from torch import nn

from trainers.networks.network_spec import Network, NetworkOptions
from trainers.networks.width import WidthOptions, scaled
from trainers.neurons.recurrent_lif import RecurrentLIF


class RecurrentOptions(WidthOptions):
    """Options of `recurrent`.

    Args:
        hidden: neurons of each hidden layer, at width 1.
    """

    hidden: tuple[PositiveInt, ...] = Field(default=(128,), min_length=1)


def build(options: NetworkOptions, sample_shape: tuple[int, ...], classes: int) -> nn.Module:
    """The module for samples of any shape at each step, flattened in C, H, W order."""
    chosen = cast(RecurrentOptions, options)
    layers: list[nn.Module] = [nn.Flatten()] if len(sample_shape) > 1 else []
    inputs = math.prod(sample_shape)
    for published in chosen.hidden:
        outputs = scaled(published, chosen.width)
        layers += [
            nn.Linear(inputs, outputs, bias=False),
            nn.BatchNorm1d(outputs),
            RecurrentLIF(outputs, chosen.decay),
        ]
        inputs = outputs
    return nn.Sequential(*layers, nn.Linear(inputs, classes))


RECURRENT = Network(
    summary="linear - batch norm - LIF that feeds itself, per hidden layer; linear readout",
    options=RecurrentOptions,
    build=build,
)
