"""The neurons' walk through time, on whatever device their state lies."""

from torch import Tensor

from hwsim.engine import compiled_neuron, tensor_neuron
from hwsim.engine.neuron import Advance, Arrivals, NeuronParameters, NeuronState


def advance(
    parameters: NeuronParameters,
    state: NeuronState,
    arrivals: Arrivals | None,
    bias: Tensor,
    steps: int,
    *,
    keep: bool,
) -> Advance:
    """Walks `steps` steps; see `hwsim.engine.compiled_neuron.advance`.

    Raises:
        SimulationError: a sum isn't an integer.
    """
    walk = compiled_neuron.advance if state.u.device.type == "cpu" else tensor_neuron.advance
    return walk(parameters, state, arrivals, bias, steps, keep=keep)
