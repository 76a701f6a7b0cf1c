"""A chip graph as ONNX: model.chip.onnx, the emulator's integers in any ONNX runtime.

Logits with onnxruntime and numpy alone:

    import json, numpy, onnxruntime
    session = onnxruntime.InferenceSession("model.chip.onnx")
    facts = session.get_modelmeta().custom_metadata_map
    inputs = numpy.load("samples.npz")["chip_inputs"]
    if inputs.ndim < len(session.get_inputs()[0].shape):
        inputs = inputs[:, None]  # the same at every step
    kind = {"bias": numpy.int16, "spikes": bool, "graded": numpy.int32}[facts["input_form"]]
    readout = json.loads(facts["readouts"])[0]
    (v,) = session.run([readout["population"] + ".v"], {"inputs": inputs.astype(kind)})
    steps = numpy.diff(v.astype(numpy.int64), axis=0, prepend=0)
    weights = readout["weights"] or [1] * len(v)
    logits = sum(w * step for w, step in zip(weights, steps)) * readout["volts_to_logit"]
"""

from export.onnx.chip.file import write_chip_onnx
from export.onnx.chip.plan import ResetRule
from export.onnx.chip.scan import build_chip_scan

__all__ = ["ResetRule", "build_chip_scan", "write_chip_onnx"]
