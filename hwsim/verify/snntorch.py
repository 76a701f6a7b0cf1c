"""snnTorch: imports NIR with a built-in dt of 1e-4 s; parameters held in float32."""

import nir
from torch import nn

from hwsim.verify.runtime import Ask, Subject
from hwsim.verify.torch_importer import Importer, batch_flatten, open_importer


def open_snntorch(subject: Subject) -> Ask:
    """The network as snnTorch imports it; see `open_importer`."""
    return open_importer(_SNNTORCH, subject)


def _load(graph: nir.NIRGraph, dt_s: float) -> nn.Module:
    del dt_s  # Its importer takes none: a file with another dt comes out different.
    from snntorch.import_nir import import_from_nir

    module: nn.Module = import_from_nir(graph)
    return batch_flatten(module).double()


def _forget(module: nn.Module) -> None:
    for part in module.modules():
        reset = getattr(part, "reset_mem", None)
        if callable(reset):
            reset()


_SNNTORCH = Importer(tool="snnTorch", package="snntorch 1.0", load=_load, forget=_forget)
