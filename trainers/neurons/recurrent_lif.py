"""A LIF layer whose own spikes return to it one step later.

    I_total[t] = I[t] + W_rec s[t-1], with s[-1] = 0, in place of I[t]; otherwise exactly LIF

W_rec has no bias and starts orthogonal: each neuron's recurrent current then has a variance of
at most the firing rate, below the 1 that batch norm gives the incoming current.
"""

from torch import Tensor, nn

from trainers.errors import ConfigError
from trainers.neurons.lif import LIF


class RecurrentLIF(LIF):
    """LIF neurons with dense connections among themselves.

    Threshold rule, surrogate and probe work as in LIF; `decay_input` scales the total current.

    Args:
        neurons: how many; currents are [T*B, neurons].
        decay: as in LIF.
        learn_decay: as in LIF.
        threshold: as in LIF.

    Raises:
        ConfigError: fewer than one neuron, or as LIF.
    """

    feeds_itself = True

    def __init__(
        self,
        neurons: int,
        decay: float = 0.2,
        *,
        learn_decay: bool = False,
        threshold: float = 1.0,
    ) -> None:
        super().__init__(decay, learn_decay=learn_decay, threshold=threshold)
        if neurons < 1:
            raise ConfigError(f"RecurrentLIF: neurons ({neurons}) must be at least 1.")
        self.recurrent = nn.Linear(neurons, neurons, bias=False)
        nn.init.orthogonal_(self.recurrent.weight)

    def forward(self, current: Tensor) -> Tensor:
        """Spikes [T*B, neurons] for currents [T*B, neurons], time-major.

        Raises:
            ConfigError: currents of another shape, or as LIF.
        """
        neurons = self.recurrent.in_features
        if current.shape[1:] != (neurons,):
            raise ConfigError(
                f"RecurrentLIF: currents of shape {tuple(current.shape)} for {neurons} neurons; "
                f"it takes [T*B, {neurons}]. Put a linear layer of {neurons} outputs before it."
            )
        return super().forward(current)

    def total_current(self, incoming: Tensor, fired: Tensor) -> Tensor:
        """The incoming current and what the layer's own spikes of the step before bring."""
        returning: Tensor = self.recurrent(fired)
        if self.decay_input:
            returning = returning * (1 - self.decay)
        return incoming + returning
