"""Who runs the networks of benchmarks/interop.py, and from which profile's file."""

from dataclasses import dataclass
from functools import partial

import onnx
from onnx.reference import ReferenceEvaluator

from hwsim.verify.arithmetic import FLOAT32
from hwsim.verify.onnxruntime import Feeds, open_scan, open_step
from hwsim.verify.runtime import Runtime
from hwsim.verify.runtimes import RUNTIMES

IMPORTERS = ("norse", "snntorch", "spikingjelly")


class Reference:
    """ONNX's own evaluator in Python, as slow as it is independent."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self._evaluator = ReferenceEvaluator(model)
        self._names = [output.name for output in model.graph.output]

    def run(self, feeds: Feeds) -> Feeds:
        """Outputs by name."""
        return dict(zip(self._names, self._evaluator.run(None, feeds), strict=True))


@dataclass(frozen=True)
class Tool:
    """A tool under test.

    Args:
        runtime: how it is run.
        refusals: its key in `export.profiles.refusals`.
        profile: whose file it gets; None for the network's general one.
    """

    runtime: Runtime
    refusals: str
    profile: str | None = None


TOOLS: dict[str, Tool] = {
    **{name: Tool(RUNTIMES[name], name) for name in IMPORTERS},
    "ort model.onnx": Tool(RUNTIMES["onnxruntime model.onnx"], "onnxruntime"),
    "ort model.step.onnx": Tool(RUNTIMES["onnxruntime model.step.onnx"], "onnxruntime"),
    "reference model.onnx": Tool(
        Runtime("float32", FLOAT32, partial(open_scan, session=Reference)), "onnx reference"
    ),
    "reference model.step.onnx": Tool(
        Runtime("float32", FLOAT32, partial(open_step, session=Reference)), "onnx reference"
    ),
    "sinabs": Tool(RUNTIMES["sinabs model.sinabs.nir"], "sinabs", "sinabs"),
}
