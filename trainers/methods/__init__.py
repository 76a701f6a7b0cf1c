"""Training methods, one file each and one line each in the table."""

from trainers.methods.baseline import BASELINE
from trainers.methods.ds_atgo import DS_ATGO
from trainers.methods.method import Method, MethodOptions

__all__ = ["METHODS", "Method", "MethodOptions"]

METHODS: dict[str, Method] = {
    "baseline": BASELINE,
    "ds-atgo": DS_ATGO,
}
