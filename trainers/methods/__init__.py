"""Training methods, one file each and one line each in the table."""

from trainers.methods.baseline import BASELINE
from trainers.methods.ds_atgo import DS_ATGO
from trainers.methods.method import Method, MethodOptions, contradictions, install
from trainers.methods.mpd_agl import MPD_AGL
from trainers.methods.msg import MSG

__all__ = ["METHODS", "Method", "MethodOptions", "contradictions", "install"]

METHODS: dict[str, Method] = {
    "baseline": BASELINE,
    "ds-atgo": DS_ATGO,
    "mpd-agl": MPD_AGL,
    "msg": MSG,
}
