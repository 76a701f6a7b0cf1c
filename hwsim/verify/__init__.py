"""One frozen network across runtimes: same spikes, or how far apart and why.

Names are imported on first use: a report reads rows without any runtime.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hwsim.verify.case import Case
    from hwsim.verify.row import Row
    from hwsim.verify.runtime import Answer, Runtime, Subject
    from hwsim.verify.runtimes import RUNTIMES
    from hwsim.verify.verify import verify_graph

__all__ = ["RUNTIMES", "Answer", "Case", "Row", "Runtime", "Subject", "verify_graph"]

_HOMES = {
    "RUNTIMES": "hwsim.verify.runtimes",
    "Answer": "hwsim.verify.runtime",
    "Case": "hwsim.verify.case",
    "Row": "hwsim.verify.row",
    "Runtime": "hwsim.verify.runtime",
    "Subject": "hwsim.verify.runtime",
    "verify_graph": "hwsim.verify.verify",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'hwsim.verify' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)
