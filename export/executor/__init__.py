"""Our own NIR executor: float64 on the CPU, the reference that every other runtime is held to."""

from export.executor.readout import logits
from export.executor.recorded import Run
from export.executor.run import run_graph

__all__ = ["Run", "logits", "run_graph"]
