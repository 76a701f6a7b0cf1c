"""mean: each layer's threshold is the mean of its thresholds over the time steps."""

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from export.freezing.strategies.strategy import FloatArray, Strategy
from trainers.data.splits import Inputs
from trainers.network import SpikingNetwork


def choose(
    network: SpikingNetwork,
    schedules: Mapping[str, FloatArray],
    calibration: NDArray[Any] | Inputs | None,
) -> dict[str, float]:
    """The mean over time steps."""
    del network, calibration
    return {name: float(schedule.mean()) for name, schedule in schedules.items()}


MEAN = Strategy(summary="the mean over the time steps", choose=choose)
