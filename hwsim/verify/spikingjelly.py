"""SpikingJelly: imports NIR strictly, all in float64; fires at v >= threshold, so ties differ."""

import nir
from torch import float64, nn

from hwsim.verify.runtime import Ask, Subject
from hwsim.verify.torch_importer import Importer, open_importer


def open_spikingjelly(subject: Subject) -> Ask:
    """The network as SpikingJelly imports it; see `open_importer`."""
    return open_importer(_SPIKINGJELLY, subject)


def _load(graph: nir.NIRGraph, dt_s: float) -> nn.Module:
    from spikingjelly.activation_based.nir_exchange import import_from_nir

    module: nn.Module = import_from_nir(graph, dt=dt_s, dtype=float64)
    return module


_SPIKINGJELLY = Importer(tool="SpikingJelly", package="spikingjelly 2.0", load=_load)
