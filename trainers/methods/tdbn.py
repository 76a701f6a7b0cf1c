"""tdBN: threshold-dependent start of the norms' gains.

Source: Zheng et al., AAAI 2021, as the authors' code of DS-ATGO and MPD-AGL uses it. Statistics go
over time, batch and space per channel, which every batch norm here does, since time and batch
share an axis. What is left to set is the gain,

    y = gamma (x - mean) / sqrt(var + eps) + beta ,   gamma starts at alpha V_th, alpha = 1

so that currents start with a deviation of V_th. Where the norms of two branches are added,
alpha = 1/sqrt(2) on both keeps the sum's deviation; that part comes from general accounts and is
unverified. V_th is the threshold that the layer starts with, whichever method set it.
"""

from typing import cast

from pydantic import Field
from torch import nn

from trainers.errors import ConfigError
from trainers.methods.method import Method, MethodOptions, Part
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF
from trainers.preceding_norm import Norm, norms_before


class TDBNOptions(MethodOptions):
    """Options of `tdbn`.

    Args:
        alpha: start of the gain in units of V_th.
        residual_alpha: the same for norms whose outputs are added to another branch; 1/sqrt(2)
            unless set (unverified).
    """

    alpha: float = Field(default=1.0, gt=0)
    residual_alpha: float = Field(default=0.5**0.5, gt=0)


def prepare(network: SpikingNetwork, options: MethodOptions) -> None:
    """Starts the gain of every norm before a LIF; of several LIFs behind a norm, the first counts.

    Raises:
        ConfigError: no norm before any LIF, or a LIF behind one has no threshold of the layer's.
    """
    chosen = cast(TDBNOptions, options)
    norms = norms_before(network, "tdbn")
    if not any(norms.values()):
        raise ConfigError(
            f"method tdbn: no LIF of {type(network.body).__name__} has a batch norm with a gain "
            "before it, so there is nothing to start. Put BatchNorm2d or BatchNorm1d before the "
            "LIFs, or leave tdbn out."
        )
    started: set[Norm] = set()
    for name, neuron in network.neurons():
        for before in norms[name]:
            if before.norm in started:
                continue
            started.add(before.norm)
            alpha = chosen.residual_alpha if before.summed else chosen.alpha
            threshold = _threshold(name, neuron, network.time_steps)
            nn.init.constant_(before.norm.weight, alpha * threshold)


def _threshold(name: str, neuron: LIF, time_steps: int) -> float:
    """The threshold of the layer at the first step, before any training."""
    schedule = neuron.threshold_rule.schedule(time_steps)
    if schedule is None:
        raise ConfigError(
            f"method tdbn: layer '{name}' ({type(neuron.threshold_rule).__name__}) has a threshold "
            "for each neuron, so its norm's gain has no V_th to start from. Leave tdbn out, or use "
            "a method whose threshold belongs to the layer, e.g. plif."
        )
    return float(schedule.detach()[0])


def parts(options: MethodOptions) -> frozenset[Part]:
    """The norms alone, after all else is set."""
    del options
    return frozenset(("norm",))


TDBN = Method(
    summary="gains of the norms start at the threshold of the layer they feed",
    source="Zheng et al., AAAI 2021",
    options=TDBNOptions,
    prepare=prepare,
    parts=parts,
)
