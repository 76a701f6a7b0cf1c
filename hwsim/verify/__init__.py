"""One frozen network across runtimes: same spikes, or how far apart and why."""

from hwsim.verify.row import Row
from hwsim.verify.runtime import Answer, Runtime, Subject
from hwsim.verify.runtimes import RUNTIMES
from hwsim.verify.verify import verify_graph

__all__ = ["RUNTIMES", "Answer", "Row", "Runtime", "Subject", "verify_graph"]
