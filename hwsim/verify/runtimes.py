"""The runtimes a frozen network is verified in: a file each, one line here."""

from hwsim.verify.arithmetic import FLOAT32, FLOAT32_PARAMETERS, FLOAT64
from hwsim.verify.nir_executor import open_nir_executor
from hwsim.verify.onnxruntime import open_scan, open_step
from hwsim.verify.runtime import Runtime
from hwsim.verify.torch_importer import imported

WIDENED = "float64 (parameters float32)"

RUNTIMES: dict[str, Runtime] = {
    "nir_executor": Runtime("float64", FLOAT64, open_nir_executor, "unscaled encoding"),
    "norse": imported(WIDENED, FLOAT32_PARAMETERS, "norse"),
    "snntorch": imported(WIDENED, FLOAT32_PARAMETERS, "snntorch"),
    "spikingjelly": imported("float64", FLOAT64, "spikingjelly"),
    "norse model.cuba.nir": imported(WIDENED, FLOAT32_PARAMETERS, "norse", "cuba"),
    "snntorch model.cuba.nir": imported(WIDENED, FLOAT32_PARAMETERS, "snntorch", "cuba"),
    "spikingjelly model.cuba.nir": imported("float64", FLOAT64, "spikingjelly", "cuba"),
    "sinabs model.sinabs.nir": imported("float64", FLOAT64, "sinabs", "sinabs"),
    "onnxruntime model.onnx": Runtime("float32", FLOAT32, open_scan),
    "onnxruntime model.step.onnx": Runtime("float32", FLOAT32, open_step),
}
