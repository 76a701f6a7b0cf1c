"""Quantisation-aware fine-tuning: chip integers forward, the surrogate's gradient backward."""

from export.qat.fine_tuning import fine_tuned
from export.qat.integer_network import integer_network

__all__ = ["fine_tuned", "integer_network"]
