"""What a threshold strategy is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from trainers.data.splits import Inputs
from trainers.network import SpikingNetwork

FloatArray = NDArray[np.float64]


class Choose(Protocol):
    """Chooses the constants of a network."""

    def __call__(
        self,
        network: SpikingNetwork,
        schedules: Mapping[str, FloatArray],
        calibration: NDArray[Any] | Inputs | None,
    ) -> dict[str, float]:
        """Constant threshold per LIF, by its path, at unit input gain.

        Args:
            network: trained, in evaluation mode; left as it was.
            schedules: thresholds [T] per LIF at unit input gain, all positive.
            calibration: samples as the data set holds them ([N, ...], or [N, T, ...] of
                sequences), never of the test split; None where the caller has none.
        """


@dataclass(frozen=True)
class Strategy:
    """One row of the table of strategies.

    Args:
        summary: one line for `spikeport list strategies`.
        choose: the constants.
        needs_calibration: it reads samples.
        constant: the frozen network's thresholds are constants.
    """

    summary: str
    choose: Choose
    needs_calibration: bool = False
    constant: bool = True
