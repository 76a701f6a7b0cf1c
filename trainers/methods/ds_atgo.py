"""DS-ATGO: adaptive threshold (AT) and threshold-driven gradient optimisation (TGO).

Source: Jiang, Xu, Fan, Yan, AAAI 2026, extended version arXiv 2511.13050; equation numbers below
are that paper's. Where paper and authors' code differ, the code's reading is the default.

AT, one scalar per layer, step and mini-batch (eqs 5, 6), from the membrane before reset:

    theta[t] = f_c * (mean(u[t]) + std(u[t]))             used in training, detached, unbiased std
    running[t] <- m * theta[t] + (1 - m) * running[t]     used in evaluation, starts at V_th

Our addition: theta[t] never falls below `smallest_threshold`, in training already. Mean and std
leave a layer's common shift free, so training can drive the mean of u, and theta with it, below 0.
Such a threshold can't be frozen: rescaled to 1 it would turn the signs, and a reset to 0 would lie
above it. `none` is the paper's equation.

The paper's alternative estimates theta[t] = f_c * sqrt(1 + tau^2) * V_th from the layer's decay
tau, taking u ~ N(0, (1 + tau^2) V_th^2).

TGO (eq 7), the surrogate's width, not recursive:

    k = k0 * (1 + tanh(D - V_th)) ;   ds/du = (1/k) 1[|u - theta[t]| < k/2]

with D = std(u[t]) in the authors' code (default) and D = theta[t] in the paper.
"""

from typing import Annotated, Literal, Self, cast

import torch
from pydantic import Field, model_validator
from torch import Tensor

from trainers.methods.adaptive_threshold import (
    BASE_THRESHOLD,
    AdaptiveThreshold,
    EstimatedThreshold,
)
from trainers.methods.batch_statistics import BatchStatistics
from trainers.methods.method import Method, MethodOptions, Part
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF
from trainers.neurons.scaled import DrivenRectangle
from trainers.neurons.shaped import Shaped
from trainers.neurons.threshold import FixedThreshold, ThresholdRule


class DSATGOOptions(MethodOptions):
    """Options of `ds-atgo`.

    Args:
        adaptive_threshold: AT on; off keeps the threshold at V_th = 1.
        gradient_optimisation: TGO on; off keeps the width at `initial_width`.
        threshold_statistic: `true` takes mean + std of each mini-batch, `estimated` what the
            decay lets expect.
        f_c: factor on either (eq 5).
        momentum: m of the running threshold (eq 6).
        smallest_threshold: lower bound of theta; `none` as in the paper. Unused with
            adaptive_threshold off or threshold_statistic `estimated`: those thresholds stay
            positive by themselves.
        initial_width: k0.
        tgo_statistic: what drives the width: `std` (authors' code) or `threshold` (paper).
        learn_decay: PLIF, one learnable decay per layer (authors' code).
        sync_statistics: take mean and std over the mini-batches of all ranks of a distributed run;
            the authors' code takes each rank's own.
    """

    adaptive_threshold: bool = True
    gradient_optimisation: bool = True
    threshold_statistic: Literal["true", "estimated"] = "true"
    f_c: float = Field(default=1.0, gt=0)
    momentum: float = Field(default=0.1, gt=0, le=1)
    smallest_threshold: Annotated[float, Field(gt=0)] | Literal["none"] = 0.1
    initial_width: float = Field(default=1.0, gt=0)
    tgo_statistic: Literal["std", "threshold"] = "std"
    learn_decay: bool = True
    sync_statistics: bool = False

    @model_validator(mode="after")
    def _statistics_are_used(self) -> Self:
        if self.threshold_statistic == "estimated" and not self.adaptive_threshold:
            raise ValueError(
                "threshold_statistic 'estimated' needs adaptive_threshold, a constant threshold is "
                "never estimated; use 'true'"
            )
        constant = self.gradient_optimisation and not self.adaptive_threshold
        if constant and self.tgo_statistic == "threshold":
            raise ValueError(
                "tgo_statistic 'threshold' needs adaptive_threshold, a constant threshold never "
                "moves the width; use 'std'"
            )
        return self


class ThresholdDrivenGradient(DrivenRectangle):
    """TGO: a rectangle around the threshold in use, as wide as the membrane's spread asks.

    Args:
        initial_width: k0.
        statistic: what drives the width.
        statistics: where the std comes from, best shared with AT; None for this rank's own.
    """

    reads_membrane = True

    def __init__(
        self,
        initial_width: float = 1.0,
        statistic: Literal["std", "threshold"] = "std",
        statistics: BatchStatistics | None = None,
    ) -> None:
        super().__init__()
        self.initial_width = initial_width
        self.statistic = statistic
        self.statistics = statistics or BatchStatistics()

    def width(self, membrane: Tensor, threshold: Tensor) -> Tensor:
        """Width k = k0 * (1 + tanh(D - V_th)), detached (eq 7)."""
        with torch.no_grad():
            driver = self._spread(membrane) if self.statistic == "std" else threshold
            return self.initial_width * (1 + torch.tanh(driver - BASE_THRESHOLD))

    def _spread(self, membrane: Tensor) -> Tensor:
        # One rank may evaluate while the others don't, so it never waits for them.
        statistics = self.statistics if self.training else BatchStatistics()
        return statistics.std_mean(membrane)[0]

    def width_at(self, membrane: Tensor, threshold: Tensor, step: int) -> Tensor:
        """The width k, which follows the whole membrane."""
        del step
        return self.width(membrane, threshold)


def prepare(network: SpikingNetwork, options: MethodOptions) -> None:
    """Installs AT, TGO and the learnable decay in every LIF, encoding layer included."""
    chosen = cast(DSATGOOptions, options)
    for _, neuron in network.neurons():
        statistics = BatchStatistics(synchronised=chosen.sync_statistics)
        neuron.threshold_rule = _threshold_rule(neuron, network.time_steps, chosen, statistics)
        neuron.surrogate = (
            ThresholdDrivenGradient(chosen.initial_width, chosen.tgo_statistic, statistics)
            if chosen.gradient_optimisation
            else Shaped("rectangular", chosen.initial_width)
        )
        neuron.decay_logit.requires_grad_(chosen.learn_decay)


def _threshold_rule(
    neuron: LIF, time_steps: int, options: DSATGOOptions, statistics: BatchStatistics
) -> ThresholdRule:
    if not options.adaptive_threshold:
        return FixedThreshold(BASE_THRESHOLD)
    if options.threshold_statistic == "estimated":
        return EstimatedThreshold(neuron, time_steps, options.f_c, options.momentum)
    bound = options.smallest_threshold
    smallest = None if bound == "none" else bound
    return AdaptiveThreshold(time_steps, options.f_c, options.momentum, statistics, smallest)


def parts(options: MethodOptions) -> frozenset[Part]:
    """Threshold, surrogate and decay, also where AT or TGO is off: off means its fixed form."""
    del options
    return frozenset(("threshold", "surrogate", "decay"))


DS_ATGO = Method(
    summary="adaptive threshold from membrane statistics, threshold-driven surrogate width",
    source="Jiang et al., AAAI 2026 (arXiv 2511.13050)",
    options=DSATGOOptions,
    prepare=prepare,
    parts=parts,
)
