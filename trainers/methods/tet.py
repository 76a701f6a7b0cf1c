"""TET loss: cross-entropy at every time step, and outputs drawn to one value.

    L = (1 - lambda) (1/T) sum over t of CE(O_t, y) + lambda mean((O - phi)^2)

The mean runs over steps, samples and classes. Source: Deng et al., ICLR 2022 (arXiv 2202.11946) and
the authors' code, whose defaults are lambda = 1e-3 and phi = 1. A readout's step weights scale each
step's cross-entropy, not the second term.

This is the loss alone, neurons stay as the network has them. For the authors' neuron combine it
with `baseline`: threshold 1, surrogate "triangular", in a network of decay 0.5.
"""

from typing import cast

from pydantic import Field
from torch import Tensor, full_like
from torch.nn import functional as F

from trainers.losses import Loss, cross_entropy_per_step
from trainers.methods.method import Method, MethodOptions, Part
from trainers.network import SpikingNetwork
from trainers.readout import Readout


class TETOptions(MethodOptions):
    """Options of `tet`.

    Args:
        mse_weight: lambda, share of the squared distance in the loss.
        phi: value that every output is drawn to.
    """

    mse_weight: float = Field(default=1e-3, ge=0, le=1)
    phi: float = 1.0


class TETLoss(Loss):
    """(1 - mse_weight) * cross-entropy per step + mse_weight * mean((O - phi)^2).

    Args:
        mse_weight: lambda.
        phi: value that every output is drawn to.
    """

    def __init__(self, mse_weight: float = 1e-3, phi: float = 1.0) -> None:
        super().__init__()
        self.mse_weight = mse_weight
        self.phi = phi

    def forward(
        self,
        outputs: Tensor,
        auxiliary: tuple[Tensor, ...],
        labels: Tensor,
        readout: Readout,
        label_smoothing: float,
    ) -> Tensor:
        """The loss of output currents [T, B, classes]."""
        del auxiliary
        per_step = cross_entropy_per_step(outputs, labels, readout, label_smoothing)
        distance = F.mse_loss(outputs, full_like(outputs, self.phi))
        return (1 - self.mse_weight) * per_step + self.mse_weight * distance


def prepare(network: SpikingNetwork, options: MethodOptions) -> None:
    """Replaces the loss."""
    chosen = cast(TETOptions, options)
    network.loss = TETLoss(chosen.mse_weight, chosen.phi)


def parts(options: MethodOptions) -> frozenset[Part]:
    """The loss."""
    del options
    return frozenset(("loss",))


TET = Method(
    summary="loss per time step: cross-entropy at each, outputs drawn to one value",
    source="Deng et al., ICLR 2022 (arXiv 2202.11946)",
    options=TETOptions,
    prepare=prepare,
    parts=parts,
)
