"""Training methods, one file each and one line each in the table."""

from trainers.methods.alif import ALIF
from trainers.methods.baseline import BASELINE
from trainers.methods.deeptage import DEEPTAGE
from trainers.methods.ds_atgo import DS_ATGO
from trainers.methods.lsg import LSG
from trainers.methods.ltmd import LTMD
from trainers.methods.method import Method, MethodOptions, contradictions, install
from trainers.methods.mpd_agl import MPD_AGL
from trainers.methods.msg import MSG
from trainers.methods.plif import PLIF
from trainers.methods.tdbn import TDBN
from trainers.methods.tet import TET
from trainers.methods.two import TWO

__all__ = ["METHODS", "Method", "MethodOptions", "contradictions", "install"]

METHODS: dict[str, Method] = {
    "ds-atgo": DS_ATGO,
    "mpd-agl": MPD_AGL,
    "deeptage": DEEPTAGE,
    "msg": MSG,
    "two": TWO,
    "baseline": BASELINE,
    "plif": PLIF,
    "tdbn": TDBN,
    "tet": TET,
    "ltmd": LTMD,
    "lsg": LSG,
    "alif": ALIF,
}
