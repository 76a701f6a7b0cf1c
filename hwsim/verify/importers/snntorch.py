"""snnTorch: imports NIR with a built-in dt of 1e-4 s; parameters held in float32."""

from typing import Any

import nir
from torch import Tensor, nn

from hwsim.verify.importers.importer import Importer, batch_flatten


def _load(graph: nir.NIRGraph, dt_s: float) -> nn.Module:
    del dt_s  # Its importer takes none: a file with another dt comes out different.
    from snntorch.import_nir import import_from_nir

    module: nn.Module = import_from_nir(graph)
    return batch_flatten(module).double()


def _membrane(module: Any, output: Any) -> Tensor:
    del output
    mem: Tensor = module.mem
    return mem


def _forget(module: nn.Module) -> None:
    for part in module.modules():
        reset = getattr(part, "reset_mem", None)
        if callable(reset):
            reset()


SNNTORCH = Importer(
    tool="snnTorch",
    package="snntorch 1.0",
    load=_load,
    membrane=_membrane,
    # It divides the threshold by the input's gain instead of multiplying the input.
    unit_gain=True,
    forget=_forget,
)
