"""What is known of one point of a sweep."""

from pydantic import BaseModel, ConfigDict

from hwsim.sweep.space import Point

NO_EQUIVALENT = "no chip equivalent"
"""Shown instead of an energy where thresholds move with time, which no chip file can say."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class OnSplit(_Table):
    """One split on the emulator, per inference: means over its samples.

    Args:
        samples: how many were run.
        accuracy: share of them that the chip's integers classify rightly.
        spikes: of all populations.
        synops: synaptic operations.
        energy_j: estimate; None where the chip has no equivalent.
        latency_s: estimate; None where the chip has no equivalent.
    """

    samples: int
    accuracy: float
    spikes: float
    synops: float
    energy_j: float | None
    latency_s: float | None


class Measured(_Table):
    """What was found of a point.

    Args:
        validation: the split that chooses.
        test: the split that is only reported.
        weights: synaptic weights stored in the chip file, each kernel once.
        weight_memory_bits: their size.
    """

    validation: OnSplit
    test: OnSplit
    weights: int
    weight_memory_bits: int

    @property
    def objectives(self) -> tuple[float, float] | None:
        """Validation accuracy and energy in joules; None without energy."""
        if self.validation.energy_j is None:
            return None
        return self.validation.accuracy, self.validation.energy_j


class Row(_Table):
    """One point: measured, or refused.

    Args:
        weight_bits: see `hwsim.sweep.space.Point`, as of the next three.
        threshold_strategy: its name.
        scale_search: its name.
        qat: whether it was fine-tuned on the chip's integers.
        measured: None where a stage refused the point.
        refused: the line in which it did; None where the point was measured.
    """

    weight_bits: int
    threshold_strategy: str
    scale_search: str
    qat: bool
    measured: Measured | None = None
    refused: str | None = None

    @property
    def point(self) -> Point:
        """Which one it is."""
        return Point(self.weight_bits, self.threshold_strategy, self.scale_search, self.qat)

    @property
    def objectives(self) -> tuple[float, float] | None:
        """Validation accuracy and energy in joules; None where one of them is unknown."""
        return self.measured.objectives if self.measured else None


def refused(point: Point, reason: str) -> Row:
    """The row of a point that a stage refused."""
    return Row(**vars(point), refused=reason)
