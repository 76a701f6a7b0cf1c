"""Freezing: a trained network becomes a NIR graph with constant thresholds and folded weights."""

from export.freeze.freeze import freeze
from export.freeze.frozen_module import frozen_module
from export.freeze.thresholds import STRATEGIES

__all__ = ["STRATEGIES", "freeze", "frozen_module"]
