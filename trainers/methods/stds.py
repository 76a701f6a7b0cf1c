"""STDS, the second half of DeepTAGE (reconstructed): supervision at every stage and time step.

    L = 1/(K T) sum over k, t of CE(p_t^k, y),   p_t^k = head_k(F_t^k) for k < K, p_t^K = output

F_t^k is what stage k of K puts out at step t (trainers.stages says what a stage is), spikes or sums
of spikes. A head is an ordinary network without spikes or state:

    depth x [Conv3x3(c -> c) - batch norm - ReLU] - global average pooling - Linear(c -> classes)

Source: the poster and abstract of the paper say that several stages and all steps are supervised;
heads and equal weights are those of an unaffiliated short version (see trainers.methods.deeptage).
Heads train with the network and are in its checkpoints; evaluation doesn't run them and freezing
drops them.
"""

from torch import Tensor, nn

from trainers.losses import Loss, cross_entropy_per_step
from trainers.network import SpikingNetwork
from trainers.readout import Readout
from trainers.stages import find_stages


class StageHead(nn.Sequential):
    """Logits [N, classes] of a stage's output [N, C, H, W]."""

    def __init__(self, channels: int, classes: int, depth: int) -> None:
        layers: list[nn.Module] = []
        for _ in range(depth):
            layers += [
                nn.Conv2d(channels, channels, 3, padding=1, bias=False),
                nn.BatchNorm2d(channels),
                nn.ReLU(),
            ]
        pooled = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes)]
        super().__init__(*layers, *pooled)


class StageSupervision(Loss):
    """Cross-entropy at every step of the network's output and of every head.

    (CE_main + a * sum of CE_head) / (1 + a * (K - 1)), each CE the mean over the T steps: a = 1 is
    the equal average over all K, a = 0 the main term alone. A readout's step weights scale the
    steps of every term, heads included; that is our own completion, the paper has no such weights.

    Args:
        aux_weight: a.
    """

    def __init__(self, aux_weight: float = 1.0) -> None:
        super().__init__()
        self.aux_weight = aux_weight

    def forward(
        self,
        outputs: Tensor,
        auxiliary: tuple[Tensor, ...],
        labels: Tensor,
        readout: Readout,
        label_smoothing: float,
    ) -> Tensor:
        """The weighted average over the network's output and the heads."""
        total = cross_entropy_per_step(outputs, labels, readout, label_smoothing)
        for head in auxiliary:
            term = cross_entropy_per_step(head, labels, readout, label_smoothing)
            total = total + self.aux_weight * term
        return total / (1 + self.aux_weight * len(auxiliary))


def supervise_stages(network: SpikingNetwork, aux_weight: float, head_depth: int) -> None:
    """Puts a head at the end of every stage but the last, and sets the loss.

    A network of one stage, or without features [N, C, H, W], gets no head: K = 1.

    Raises:
        ConfigError: the network's stages can't be found.
    """
    stages = find_stages(network)
    weight = next(network.body.parameters())
    for end in stages.ends[:-1]:
        head = StageHead(end.channels, stages.classes, head_depth)
        network.auxiliary[end.name.replace(".", "/")] = head.to(
            device=weight.device, dtype=weight.dtype
        )
    network.loss = StageSupervision(aux_weight)
