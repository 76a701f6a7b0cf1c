"""Freezing: a trained network becomes a NIR graph with constant thresholds and folded weights."""

from export.freezing.freeze import freeze
from export.freezing.frozen_module import frozen_module
from export.freezing.strategies import STRATEGIES

__all__ = ["STRATEGIES", "freeze", "frozen_module"]
