"""The chip: emulating it bit for bit, costing it, verifying every runtime, and the command line.

Names are imported on first use, so that a command that needs none of them starts quickly.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hwsim.chips.chip import Chip
    from hwsim.chips.load import CHIPS, load_chip
    from hwsim.costing.cost import cost
    from hwsim.engine.readout import chip_logits
    from hwsim.engine.simulate import simulate
    from hwsim.engine.trace import Trace
    from hwsim.report.model import Report
    from hwsim.verify.verify import verify_graph

__all__ = [
    "CHIPS",
    "Chip",
    "Report",
    "Trace",
    "chip_logits",
    "cost",
    "load_chip",
    "simulate",
    "verify_graph",
]

_HOMES = {
    "CHIPS": "hwsim.chips.load",
    "Chip": "hwsim.chips.chip",
    "Report": "hwsim.report.model",
    "Trace": "hwsim.engine.trace",
    "chip_logits": "hwsim.engine.readout",
    "cost": "hwsim.costing.cost",
    "load_chip": "hwsim.chips.load",
    "simulate": "hwsim.engine.simulate",
    "verify_graph": "hwsim.verify.verify",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'hwsim' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)
