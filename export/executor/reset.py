"""When a neuron fires and what a spike does to its membrane, per reset rule.

    zero               s = v > v_threshold ; v <- v_reset where s
    subtract           s = v > v_threshold ; v <- v - v_threshold where s
    subtract-delayed   s = v > v_threshold ; v <- (the next step from v) - v_threshold where s
    subtract-multi     n = floor(v / v_threshold), 0 at least ; v <- v - n v_threshold

The last one has the number of spikes for s. Which rule a node has is a fact of the network,
`export.nir_metadata.FrozenFacts.resets`.
"""

import torch
from torch import Tensor

from export.nir_metadata import ResetRule


def spikes(rule: ResetRule, v: Tensor, threshold: Tensor) -> Tensor:
    """Bool, or with several spikes a step their number, int64."""
    if rule == "subtract-multi":
        return torch.floor(v / threshold).clamp(min=0).long()
    return v > threshold


def after(rule: ResetRule, v: Tensor, fired: Tensor, threshold: Tensor, reset: Tensor) -> Tensor:
    """V that the next step starts from."""
    if rule == "zero":
        return torch.where(fired, reset, v)
    return v if rule == "subtract-delayed" else v - threshold * fired


def owed(rule: ResetRule, fired: Tensor, threshold: Tensor) -> Tensor | None:
    """What the next step's v has less; None for nothing."""
    return threshold * fired if rule == "subtract-delayed" else None
