"""Norse: imports NIR through nirtorch; forward Euler, parameters held in float32, r ignored."""

from typing import Any

import nir
from torch import Tensor, nn

from hwsim.verify.importers.importer import Importer, batch_flatten


def _load(graph: nir.NIRGraph, dt_s: float) -> nn.Module:
    from norse.torch.utils.import_nir import from_nir

    module: nn.Module = from_nir(graph, ignore_warnings=True, dt=dt_s)
    return batch_flatten(module).double()


def _membrane(module: nn.Module, output: Any) -> Tensor:
    del module
    state = output[1]
    # With a synapse the membrane's state comes second.
    v: Tensor = state.v if hasattr(state, "v") else state[1].v
    return v


NORSE = Importer(
    tool="Norse",
    package="norse 1.1",
    load=_load,
    membrane=_membrane,
    # torch.jit.script, which compiles its thresholds, and nirtorch.load are deprecated.
    noise=(DeprecationWarning,),
)
