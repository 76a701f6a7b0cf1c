"""Threshold strategies: how a threshold that depends on the time step becomes one constant.

A new strategy is a file here and a line in STRATEGIES, and a word in
`trainers.export_tables.ThresholdStrategy`.
"""

from export.freezing.strategies.calibrated import CALIBRATED
from export.freezing.strategies.finetune import FINETUNE
from export.freezing.strategies.mean import MEAN
from export.freezing.strategies.schedule import SCHEDULE
from export.freezing.strategies.strategy import FloatArray, Strategy

__all__ = ["STRATEGIES", "FloatArray", "Strategy"]

STRATEGIES: dict[str, Strategy] = {
    "mean": MEAN,
    "calibrated": CALIBRATED,
    "finetune": FINETUNE,
    "schedule": SCHEDULE,
}
