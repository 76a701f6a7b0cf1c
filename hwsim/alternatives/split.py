"""An energy in two parts: what firing changes, and what it doesn't."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SplitEnergy:
    """Joules per inference of a spiking network.

    Args:
        fixed: whatever the spikes do: the host, neuron updates.
        moving: proportional to the activity, as it was measured.
        moving_at_one: likewise if every neuron sent one event per inference, so that each synapse
            got one.
    """

    fixed: float
    moving: float
    moving_at_one: float

    @property
    def total(self) -> float:
        """Both parts."""
        return self.fixed + self.moving

    def break_even(self, ann: float, spikes_per_synapse: float) -> float | None:
        """Spikes per synapse and inference at which the SNN costs as much as the ANN.

            s = (ann - fixed) / (moving / spikes_per_synapse)

        All layers are scaled together, each keeping its share of the activity; where nothing fired,
        every neuron is taken to send as many events.

        Returns:
            None where no s >= 0 solves it: the fixed part alone costs more than the ANN, or
            activity costs nothing.
        """
        silent = spikes_per_synapse == 0
        per_spike = self.moving_at_one if silent else self.moving / spikes_per_synapse
        if per_spike <= 0 or self.fixed > ann:
            return None
        return (ann - self.fixed) / per_spike
