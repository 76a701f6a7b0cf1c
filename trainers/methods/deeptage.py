"""DeepTAGE (reconstructed): surrogates that follow the membrane over time, and STDS.

Source: Liu et al., ICLR 2025. Only its abstract and poster were read, and no code of the authors is
known. They say that the surrogate of each step adapts to that step's membrane distribution, and
that several stages are supervised at every step. The formulas are those of an unaffiliated short
version (zzz213-zhr/deeptage), none confirmed by the authors.

TAGE, one scalar per layer, step and mini-batch, detached, from the membrane before reset:

    sigma_t = mean over the batch of rms(u[t] - threshold), the rms over a sample's neurons
    delta_t = w sigma_t / sigma_1 + 1 - w,   delta_1 = 1
    ds/du   = shape(u[t] - threshold, width * delta_t),   arctan: 1 / (1 + (pi x / (width delta))^2)

The short version takes the norm instead of the rms, which gives the same ratio. Peaks aren't
normalised: arctan and fast-sigmoid keep theirs at 1, but the other shapes have peaks that fall as
the width grows (rectangular, triangular and sigmoid as 1/delta_t). Evaluation is a plain step, and
no statistic is kept. w = 0 is the plain surrogate, bit for bit.

STDS is trainers.methods.stds. The short version also passes membranes instead of spikes between
stages, takes batch norm per step and keeps the heads in validation; none of that is done here.
"""

from typing import Self, cast

import torch
from pydantic import Field, NonNegativeInt, model_validator
from torch import Tensor

from trainers.errors import ConfigError
from trainers.methods.method import Method, MethodOptions, Part
from trainers.methods.stds import supervise_stages
from trainers.network import SpikingNetwork
from trainers.neurons.derivatives import ShapeName
from trainers.neurons.half_height import half_height
from trainers.neurons.shaped import Shaped
from trainers.neurons.threshold import FixedThreshold
from trainers.rank_sum import summed_over_ranks
from trainers.widened import at_least_float32

SMALLEST_DISTANCE = 1e-6
"""Lower bound of sigma_1, since every membrane may sit on the threshold; the short version adds it
to sigma_1 and to delta_t instead, so that its delta_1 is 1 only nearly."""


class DeepTAGEOptions(MethodOptions):
    """Options of `deeptage`.

    Args:
        tage: TAGE on; off leaves threshold, decay and surrogate to the network or another method.
        stds: STDS on; off leaves the loss.
        w: share of sigma_t / sigma_1 in delta_t, from 0 (plain surrogate) to 1.
        threshold: constant threshold of every layer.
        decay: decay factor at the start.
        surrogate: shape of ds/du, a name of trainers.neurons.derivatives.SHAPES.
        surrogate_width: its width at the first step; None for the shape's usual one.
        sync_statistics: in training, take sigma over the mini-batches of all ranks of a distributed
            run.
        aux_weight: weight of each head's loss; 1 is the equal average over all stages.
        head_depth: convolutions of each head.
    """

    tage: bool = True
    stds: bool = True
    w: float = Field(default=0.25, ge=0, le=1)
    threshold: float = Field(default=1.0, gt=0)
    decay: float = Field(default=0.5, gt=0, lt=1)
    surrogate: ShapeName = "arctan"
    surrogate_width: float | None = Field(default=None, gt=0)
    sync_statistics: bool = False
    aux_weight: float = Field(default=1.0, ge=0)
    head_depth: NonNegativeInt = 3

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if not (self.tage or self.stds):
            raise ValueError("tage and stds are both off; switch one on, or use baseline")
        return self


class TemporalAdaptiveGradient(Shaped):
    """TAGE: a shape whose width at each step grows with the distance from the threshold.

    sigma_1 lives from step 0 of a pass to its last step; it isn't part of the state.

    Args:
        w: share of sigma_t / sigma_1 in delta_t.
        shape: a name of trainers.neurons.derivatives.SHAPES.
        width: at the first step; None for the shape's usual one.
        sync_statistics: in training, take sigma over the mini-batches of all ranks.
    """

    reads_membrane = True
    in_evaluation = False

    def __init__(
        self,
        w: float = 0.25,
        shape: ShapeName = "arctan",
        width: float | None = None,
        *,
        sync_statistics: bool = False,
    ) -> None:
        super().__init__(shape, width)
        self.w = w
        self.sync_statistics = sync_statistics
        self._first_distance: Tensor | None = None

    def growth(self, distance: Tensor, step: int) -> Tensor:
        """delta_t of distances u - threshold [B, ...], a detached scalar; steps come in order.

        Raises:
            ConfigError: a later step came before step 0.
        """
        with torch.no_grad():
            mean = self._mean_distance(distance)
            if step == 0:
                self._first_distance = mean.clamp(min=SMALLEST_DISTANCE)
                return torch.ones_like(mean)
            if self._first_distance is None:
                raise ConfigError(
                    f"surrogate of deeptage: step {step} before step 0, which its width refers "
                    "to. Ask for the steps of a pass in order, from 0."
                )
            return self.w * (mean / self._first_distance) + (1 - self.w)

    def width_at(self, membrane: Tensor, threshold: Tensor, step: int) -> Tensor:
        """The shape's width times delta_t."""
        return self.width * self.growth((membrane - threshold).detach(), step)

    def interval(self, membrane: Tensor, threshold: Tensor, step: int) -> Tensor:
        """Where the shape of the step's own width is at least half its peak; steps in order."""
        width = self.width_at(membrane, threshold, step).double()

        def height(distance: Tensor) -> Tensor:
            return self.shape.derivative(distance, width)

        return 2 * half_height(height, membrane.device)

    def _mean_distance(self, distance: Tensor) -> Tensor:
        """sigma_t, in float32 at least."""
        precise = at_least_float32(distance)
        # A norm instead drifts by 3e-5 on large layers: torch adds its squares up one by one.
        rms = precise.reshape(len(precise), -1).square().mean(dim=1).sqrt()
        # Evaluation is each rank's own affair: alone, it would wait in vain for the others.
        if not (self.sync_statistics and self.training):
            return rms.mean()
        total = summed_over_ranks(torch.stack([rms.sum(), rms.new_tensor(len(rms))]))
        return total[0] / total[1]


def prepare(network: SpikingNetwork, options: MethodOptions) -> None:
    """Installs TAGE in every LIF, encoding layer included, and the heads of STDS.

    Raises:
        ConfigError: with stds, the network doesn't know its sample shape.
    """
    chosen = cast(DeepTAGEOptions, options)
    if chosen.stds:
        supervise_stages(network, chosen.aux_weight, chosen.head_depth)
    for _, neuron in network.neurons() if chosen.tage else ():
        neuron.set_decay(chosen.decay)
        neuron.threshold_rule = FixedThreshold(chosen.threshold)
        neuron.surrogate = TemporalAdaptiveGradient(
            chosen.w,
            chosen.surrogate,
            chosen.surrogate_width,
            sync_statistics=chosen.sync_statistics,
        )


def parts(options: MethodOptions) -> frozenset[Part]:
    """Everything about a LIF with TAGE, the loss with STDS."""
    chosen = cast(DeepTAGEOptions, options)
    neuron: tuple[Part, ...] = ("threshold", "decay", "surrogate") if chosen.tage else ()
    return frozenset((*neuron, "loss") if chosen.stds else neuron)


DEEPTAGE = Method(
    summary="DeepTAGE (reconstructed): surrogate width per time step, a loss at every stage",
    source="Liu et al., ICLR 2025, as an unaffiliated short version has it",
    options=DeepTAGEOptions,
    prepare=prepare,
    parts=parts,
)
