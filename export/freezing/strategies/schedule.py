"""schedule: each step keeps its own threshold; layers are rescaled by the mean over the steps."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.freezing.strategies.strategy import FloatArray, Strategy
from trainers.data.splits import Inputs
from trainers.network import SpikingNetwork


def choose(
    network: SpikingNetwork,
    schedules: Mapping[str, FloatArray],
    calibration: NDArray[Any] | Inputs | None,
) -> dict[str, float]:
    """The mean over time steps, to which the steps' own thresholds stay in proportion."""
    del network, calibration
    return {name: _mean(schedule) for name, schedule in schedules.items()}


def _mean(schedule: FloatArray) -> float:
    # Of equal numbers the mean may round to another one.
    equal = bool(np.all(schedule == schedule[0]))
    return float(schedule[0]) if equal else float(schedule.mean())


SCHEDULE = Strategy(
    summary="each step keeps its own: ONNX and the emulator only, no chip holds it",
    choose=choose,
    constant=False,
)
