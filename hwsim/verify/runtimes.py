"""The runtimes a frozen network is verified in: a file each, one line here."""

from hwsim.verify.arithmetic import FLOAT32, FLOAT32_PARAMETERS, FLOAT64
from hwsim.verify.nir_executor import open_nir_executor
from hwsim.verify.norse import open_norse
from hwsim.verify.onnxruntime import open_scan, open_step
from hwsim.verify.runtime import Runtime
from hwsim.verify.snntorch import open_snntorch
from hwsim.verify.spikingjelly import open_spikingjelly

WIDENED = "float64 (parameters float32)"

RUNTIMES: dict[str, Runtime] = {
    "nir_executor": Runtime("float64", FLOAT64, open_nir_executor, "unscaled encoding"),
    "norse": Runtime(WIDENED, FLOAT32_PARAMETERS, open_norse, imports_nir=True),
    "snntorch": Runtime(WIDENED, FLOAT32_PARAMETERS, open_snntorch, imports_nir=True),
    "spikingjelly": Runtime("float64", FLOAT64, open_spikingjelly, imports_nir=True),
    "onnxruntime model.onnx": Runtime("float32", FLOAT32, open_scan),
    "onnxruntime model.step.onnx": Runtime("float32", FLOAT32, open_step),
}
