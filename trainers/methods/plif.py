"""PLIF: fixed threshold and surrogate, and one decay per layer that learns with the weights.

Source: Fang et al., ICCV 2021 (known from general accounts, not read), and the form that the
authors' code of DS-ATGO and MPD-AGL uses. With d = sigma(w), w0 = -ln(a - 1), d0 = 1/a:

    u <- d u + I               DS-ATGO and MPD-AGL, a = 5: the default
    u <- d u + (1 - d) I       `decay_input`: the original v <- v + (x - v)/tau with 1/tau = 1 - d

The original's usual tau = 2 is `initial_decay` = 0.5.
"""

from typing import cast

from pydantic import Field

from trainers.methods.method import Method, MethodOptions, Part
from trainers.network import SpikingNetwork
from trainers.neurons.derivatives import ShapeName
from trainers.neurons.shaped import Shaped
from trainers.neurons.threshold import FixedThreshold


class PLIFOptions(MethodOptions):
    """Options of `plif`.

    Args:
        threshold: constant threshold of every layer.
        surrogate: shape of ds/du, a name of trainers.neurons.derivatives.SHAPES.
        surrogate_width: its width; None for the shape's usual one.
        initial_decay: d at the start.
        decay_input: scale the current by 1 - d, as in the original PLIF.
    """

    threshold: float = Field(default=1.0, gt=0)
    surrogate: ShapeName = "rectangular"
    surrogate_width: float | None = Field(default=None, gt=0)
    initial_decay: float = Field(default=0.2, gt=0, lt=1)
    decay_input: bool = False


def prepare(network: SpikingNetwork, options: MethodOptions) -> None:
    """Gives every LIF the fixed threshold, the surrogate and a decay that learns."""
    chosen = cast(PLIFOptions, options)
    for _, neuron in network.neurons():
        neuron.threshold_rule = FixedThreshold(chosen.threshold)
        neuron.surrogate = Shaped(chosen.surrogate, chosen.surrogate_width)
        neuron.set_decay(chosen.initial_decay)
        neuron.decay_logit.requires_grad_()
        neuron.decay_input = chosen.decay_input


def parts(options: MethodOptions) -> frozenset[Part]:
    """Everything about a LIF."""
    del options
    return frozenset(("threshold", "surrogate", "decay"))


PLIF = Method(
    summary="fixed threshold, one decay per layer learnt with the weights",
    source="Fang et al., ICCV 2021",
    options=PLIFOptions,
    prepare=prepare,
    parts=parts,
)
