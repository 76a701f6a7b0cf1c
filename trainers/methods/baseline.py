"""The plain baseline: fixed threshold, rectangular surrogate of fixed width.

Source: Wu et al. 2018 (STBP), as restated in the DS-ATGO paper's section 3 (arXiv 2511.13050).
"""

from typing import cast

from pydantic import Field

from trainers.methods.method import Method, MethodOptions
from trainers.network import SpikingNetwork
from trainers.neurons.surrogate import Rectangular
from trainers.neurons.threshold import FixedThreshold


class BaselineOptions(MethodOptions):
    """Options of `baseline`.

    Args:
        threshold: constant threshold of every layer.
        surrogate_width: k of the rectangular surrogate.
    """

    threshold: float = Field(default=1.0, gt=0)
    surrogate_width: float = Field(default=1.0, gt=0)


def prepare(network: SpikingNetwork, options: MethodOptions) -> None:
    """Gives every LIF the fixed threshold and the fixed-width rectangle."""
    chosen = cast(BaselineOptions, options)
    for _, neuron in network.neurons():
        neuron.threshold_rule = FixedThreshold(chosen.threshold)
        neuron.surrogate = Rectangular(chosen.surrogate_width)


BASELINE = Method(
    summary="fixed threshold, rectangular surrogate",
    source="Wu et al. 2018 (STBP)",
    options=BaselineOptions,
    prepare=prepare,
)
