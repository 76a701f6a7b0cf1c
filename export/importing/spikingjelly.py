"""SpikingJelly: `spikingjelly.activation_based.nir_exchange.export_to_nir(net, x, dt=1e-4)`.

It writes what it runs by the book (tau = dt tau', r = 1 or tau', r = 1/dt of IFNode), refuses soft
reset, and fires at v >= threshold. Only its step isn't in the file.
Source: spikingjelly 2.0.0, activation_based/nir_exchange/to_nir.py, neuron/.
"""

from typing import Any

import nir
import numpy as np

from export.importing.reading import Reading, closed, doubles
from export.importing.writer import Writer

DT_S = 1e-4


def _read(name: str, node: Any, dt_s: float) -> Reading:
    del name, dt_s
    if isinstance(node, nir.LIF | nir.IF | nir.CubaLIF):
        return Reading(closed(node), fires_at_threshold=True)
    return Reading(node)


def _may_have_written(node: nir.NIRNode) -> bool:
    if isinstance(node, nir.IF):
        return _near(node.r, 1 / DT_S)
    if isinstance(node, nir.LIF):
        tau = doubles(node.tau)
        gains = _near(node.r, 1) or _near(doubles(node.r) * DT_S, tau)
        return gains and bool((tau > DT_S).all()) and _near(node.v_leak, node.v_reset)
    if isinstance(node, nir.CubaLIF):
        return _near(doubles(node.r) * DT_S, node.tau_mem) and _near(
            doubles(node.w_in) * DT_S, node.tau_syn
        )
    return False


def _near(values: Any, expected: Any) -> bool:
    return bool(np.allclose(doubles(values), doubles(expected), rtol=1e-3, atol=1e-12))


SPIKINGJELLY = Writer("SpikingJelly", DT_S, _read, _may_have_written)
