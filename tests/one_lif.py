"""One LIF on sequences under a method, to be held against plain loops and numbers by hand."""

from torch import nn

from trainers.methods import METHODS, install
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF


def one_lif(
    method: str, time_steps: int, *, built_with: float = 0.9, **options: object
) -> tuple[SpikingNetwork, LIF]:
    """Network and layer in float64, the decay that the method leaves exact to six digits.

    Args:
        method: its name.
        time_steps: T.
        built_with: decay before the method.
        options: of the method.
    """
    layer = LIF(built_with)
    network = SpikingNetwork(nn.Sequential(layer), time_steps, sequence=True)
    install(network, METHODS, {method: METHODS[method].options.model_validate(options)})
    network.double()
    layer.set_decay(round(float(layer.decay.detach()), 6))
    return network, layer
