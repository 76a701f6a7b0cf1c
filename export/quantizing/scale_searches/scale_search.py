"""One row of the table of scale searches."""

from collections.abc import Callable
from dataclasses import dataclass

from export.quantizing.room import Room


@dataclass(frozen=True)
class ScaleSearch:
    """How a population's scale is chosen.

    Args:
        summary: one line.
        choose: one of the scales that the population has room for.
        runs_layers: it holds quantised layers against the float network on calibration data.
    """

    summary: str
    choose: Callable[[Room], float]
    runs_layers: bool = False
