"""Norse: imports NIR through nirtorch; forward Euler, parameters held in float32, r ignored."""

import nir
from torch import nn

from hwsim.verify.runtime import Ask, Subject
from hwsim.verify.torch_importer import Importer, batch_flatten, open_importer


def open_norse(subject: Subject) -> Ask:
    """The network as Norse imports it; see `open_importer`."""
    return open_importer(_NORSE, subject)


def _load(graph: nir.NIRGraph, dt_s: float) -> nn.Module:
    from norse.torch.utils.import_nir import from_nir

    module: nn.Module = from_nir(graph, ignore_warnings=True, dt=dt_s)
    return batch_flatten(module).double()


_NORSE = Importer(
    tool="Norse",
    package="norse 1.1",
    load=_load,
    # torch.jit.script, which compiles its thresholds, and nirtorch.load are deprecated.
    noise=(DeprecationWarning,),
)
