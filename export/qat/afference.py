"""All that feeds a population, as its drive in mantissas.

    d[t] = wrapped(sum over chains of weights * pooled spikes[t]) + bias

with the bias rounded once, after those of all nodes were added. A readout's voltage must not
saturate, whatever spikes arrive: where training took its weights past that, they are rounded from
weights and biases that are smaller by one factor.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor, nn

from export.chip.limits import THRESHOLD_MANT_MAX
from export.qat.chains import Chain
from export.qat.exact_sums import WeightedSum, pooled, refuse_too_large, wrapped
from export.qat.master import Master
from export.qat.rounding import WeightScale, integer_bias, integer_weights
from export.qat.signals import Signal, summed


@dataclass(frozen=True)
class Entering:
    """What the integers of a population are made by.

    Args:
        name: of the population.
        shape: of the population.
        scale: integer per unit of current.
        time_steps: T.
        divisor: payload per unit of input where payloads enter; else 1.
        reach: largest value that each source sends, 1 unless named.
        saturates: its voltage must stay within the state: it is a readout.
    """

    name: str
    shape: tuple[int, ...]
    scale: float
    time_steps: int
    divisor: float
    reach: Mapping[str, float]
    saturates: bool


class Feed(nn.Module):
    """One chain of ways into a population.

    Args:
        chain: pooling, then weights or none.
        entering: the population.
        master: weights of the chain's node; None where there is none.
    """

    reach: Tensor

    def __init__(self, chain: Chain, entering: Entering, master: Master | None) -> None:
        super().__init__()
        self.chain = chain
        self.master = master
        self.scale = WeightScale(chain.grid, entering.scale, entering.divisor)
        self.operation = None if chain.weighted is None else WeightedSum(chain.weighted)
        largest = sum(entering.reach.get(source, 1.0) for source in chain.sources)
        self.register_buffer(
            "reach", self._pooled(torch.full((1, *chain.given), largest)), persistent=False
        )

    def inputs(self, signals: Mapping[str, Signal], time_steps: int) -> Signal:
        """What meets the weights."""
        arriving = summed([signals[source] for source in self.chain.sources], time_steps)
        return Signal(self._pooled(arriving.values), arriving.constant)

    def integers(self, shrink: float) -> Tensor:
        """Weights; one number where spikes arrive bare."""
        if self.master is not None:
            return integer_weights(self.master.weight, self.scale, shrink)
        return integer_weights(torch.ones((), device=self.reach.device), self.scale, shrink)

    def sums(self, inputs: Tensor, integers: Tensor) -> Tensor:
        """Synaptic sums [N, *shape of the population]."""
        if self.operation is None:
            return inputs * integers
        return self.operation(inputs, integers).reshape(len(inputs), *self.chain.shape)

    def _pooled(self, spikes: Tensor) -> Tensor:
        for node in self.chain.before:
            spikes = pooled(node, spikes)
        return spikes


class Afference(nn.Module):
    """A population's feeds and bias.

    Args:
        entering: the population.
        chains: what feeds it.
        masters: float weights by node.
    """

    def __init__(
        self, entering: Entering, chains: tuple[Chain, ...], masters: Mapping[str, Master]
    ) -> None:
        super().__init__()
        self.entering = entering
        self.feeds = nn.ModuleList(
            Feed(chain, entering, masters[chain.weighted.name] if chain.weighted else None)
            for chain in chains
        )

    def forward(self, signals: Mapping[str, Signal]) -> Signal:
        """Drives in mantissas.

        Raises:
            LimitExceeded: a synaptic sum could leave 24 bits.
        """
        shrink, steps = self.shrink(), self.entering.time_steps
        weights = [feed.integers(shrink) for feed in self.own_feeds]
        sums = []
        for feed, integers in zip(self.own_feeds, weights, strict=True):
            inputs = feed.inputs(signals, steps)
            sums.append(Signal(feed.sums(inputs.values, integers), inputs.constant))
        total = summed(sums, steps)
        drive = wrapped(total.values, self._bound(weights))
        bias = self.integer_bias(shrink)
        return Signal(drive if bias is None else drive + bias, total.constant)

    def integer_bias(self, shrink: float) -> Tensor | None:
        """Bias mantissas, (C, 1, 1) or (N,); None where no node has a bias."""
        biases = [self.spread(master) for master in self.masters if master.bias is not None]
        if not biases:
            return None
        total = biases[0]
        for bias in biases[1:]:
            total = total + bias
        return integer_bias(total, self.entering.scale * shrink)

    @property
    def masters(self) -> list[Master]:
        """Nodes with weights, each once, in computing order."""
        found = [feed.master for feed in self.own_feeds if feed.master is not None]
        return list(dict.fromkeys(found))

    @torch.no_grad()
    def shrink(self) -> float:
        """The factor, at most 1, at which no spikes saturate a readout; 1 for all others."""
        limit = THRESHOLD_MANT_MAX / self.entering.time_steps
        shrink = 1.0
        while self.entering.saturates and (worst := self._worst(shrink)) > limit:
            shrink *= min(0.999, limit / worst)
        return shrink

    def _worst(self, shrink: float) -> float:
        """Largest |drive| that any spikes can make."""
        ends = []
        bias = self.integer_bias(shrink)
        for sign in (1, -1):
            total = torch.zeros(()) if bias is None else (sign * bias).clamp(min=0)
            for feed in self.own_feeds:
                one_sided = (sign * feed.integers(shrink)).clamp(min=0)
                total = total.to(one_sided.device) + feed.sums(feed.reach, one_sided)
            ends.append(float(total.max()))
        return max(ends)

    @torch.no_grad()
    def _bound(self, weights: list[Tensor]) -> float:
        """Largest |synaptic sum|."""
        pairs = zip(self.own_feeds, weights, strict=True)
        total = sum(feed.sums(feed.reach, integers.abs()) for feed, integers in pairs)
        bound = float(torch.as_tensor(total).max())
        refuse_too_large(self.entering.name, bound)
        return bound

    def spread(self, master: Master) -> Tensor:
        """A node's bias in float64, broadcastable to the population."""
        shape = self.entering.shape
        if master.bias is None:
            return torch.zeros((1,) * len(shape), dtype=torch.float64)
        wide = master.bias.double()
        if len(shape) == 3:
            return wide.reshape(-1, 1, 1)
        return wide.repeat_interleave(prod(shape) // len(wide))

    @property
    def own_feeds(self) -> list[Feed]:
        """The feeds, in computing order."""
        return [feed for feed in self.feeds if isinstance(feed, Feed)]
