"""Sinabs: imports NIR with tau in time steps, and needs the settings that profile sinabs names."""

from typing import Any

import nir
from torch import Tensor, nn

from hwsim.verify.importers.importer import Importer


def _load(graph: nir.NIRGraph, dt_s: float) -> nn.Module:
    del dt_s  # Time constants are in steps.
    import sinabs.activation as sa
    import sinabs.layers as sl
    from sinabs.nir import from_nir

    values = {
        "sinabs.activation.SingleSpike": sa.SingleSpike,
        "sinabs.activation.MembraneReset()": sa.MembraneReset(),
        "None": None,
    }
    module: nn.Module = from_nir(graph, num_timesteps=1)
    for layer in module.modules():
        if isinstance(layer, sl.LIFSqueeze | sl.IAFSqueeze):
            for key, value in _settings(graph).items():
                setattr(layer, key, values[value])
    return module.double()


def _settings(graph: nir.NIRGraph) -> dict[str, str]:
    """Attribute to value, as the file's metadata says."""
    text = str(graph.metadata["settings"])
    return dict(part.split(" = ") for part in text.split(", ")) if text else {}


def _membrane(module: Any, output: Any) -> Tensor:
    del output
    v: Tensor = module.v_mem
    return v


def _forget(module: nn.Module) -> None:
    for part in module.modules():
        reset = getattr(part, "reset_states", None)
        if callable(reset):
            reset()


SINABS = Importer(
    tool="Sinabs",
    package="sinabs 3.1",
    load=_load,
    membrane=_membrane,
    unit_gain=True,
    # nirtorch.load is deprecated, and torch.no_grad leaves its layers nothing to train.
    noise=(DeprecationWarning,),
    forget=_forget,
)
