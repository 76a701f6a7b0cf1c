"""SpikingJelly: imports NIR strictly, all in float64; fires at v >= threshold, so ties differ."""

from typing import Any

import nir
from torch import Tensor, float64, nn

from hwsim.verify.importers.importer import Importer


def _load(graph: nir.NIRGraph, dt_s: float) -> nn.Module:
    from spikingjelly.activation_based.nir_exchange import import_from_nir

    module: nn.Module = import_from_nir(graph, dt=dt_s, dtype=float64)
    return module


def _membrane(module: nn.Module, output: Any) -> Tensor:
    del module
    # The membrane comes first, a synapse's current behind it.
    v: Tensor = output[1][0]
    return v


SPIKINGJELLY = Importer(
    tool="SpikingJelly", package="spikingjelly 2.0", load=_load, membrane=_membrane
)
