"""Freezing: a trained network becomes a NIR graph with constant thresholds and folded weights."""

from export.freezing.freeze import folded_graph, freeze
from export.freezing.frozen_module import frozen_module
from export.freezing.portable import portable
from export.freezing.strategies import STRATEGIES
from export.freezing.strategies.finetune import finetuned
from export.freezing.unfolded import unfolded

__all__ = [
    "STRATEGIES",
    "finetuned",
    "folded_graph",
    "freeze",
    "frozen_module",
    "portable",
    "unfolded",
]
