"""The plain baseline: fixed threshold, and a surrogate of a chosen shape and fixed width.

Source: Wu et al. 2018 (STBP), as restated in the DS-ATGO paper's section 3 (arXiv 2511.13050).
"""

from typing import cast

from pydantic import Field

from trainers.methods.method import Method, MethodOptions, Part
from trainers.network import SpikingNetwork
from trainers.neurons.derivatives import ShapeName
from trainers.neurons.shaped import Shaped
from trainers.neurons.threshold import FixedThreshold


class BaselineOptions(MethodOptions):
    """Options of `baseline`.

    Args:
        threshold: constant threshold of every layer.
        surrogate: shape of ds/du, a name of trainers.neurons.derivatives.SHAPES.
        surrogate_width: its width; None for the shape's usual one.
        learn_decay: learn one decay per layer (PLIF); None leaves the network's own choice.
    """

    threshold: float = Field(default=1.0, gt=0)
    surrogate: ShapeName = "rectangular"
    surrogate_width: float | None = Field(default=None, gt=0)
    learn_decay: bool | None = None


def prepare(network: SpikingNetwork, options: MethodOptions) -> None:
    """Gives every LIF the fixed threshold and the surrogate."""
    chosen = cast(BaselineOptions, options)
    for _, neuron in network.neurons():
        neuron.threshold_rule = FixedThreshold(chosen.threshold)
        neuron.surrogate = Shaped(chosen.surrogate, chosen.surrogate_width)
        if chosen.learn_decay is not None:
            neuron.decay_logit.requires_grad_(chosen.learn_decay)


def parts(options: MethodOptions) -> frozenset[Part]:
    """Threshold and surrogate; the decay only when `learn_decay` says so."""
    decides = cast(BaselineOptions, options).learn_decay is not None
    return frozenset(("threshold", "surrogate", *(("decay",) if decides else ())))


BASELINE = Method(
    summary="fixed threshold, surrogate of a chosen shape and width",
    source="Wu et al. 2018 (STBP)",
    options=BaselineOptions,
    prepare=prepare,
    parts=parts,
)
