"""snnTorch: `snntorch.export_nir.export_to_nir(module, sample)`.

Its step is 1e-4 s, built in; r = tau/dt and w_in = tau_syn/dt undo NIR's gains. It writes Leaky,
RLeaky as LIF and Synaptic, RSynaptic as CubaLIF without saying how they reset. Its default neuron
subtracts the threshold one step later:

    u[t] = beta u[t-1] + x[t] - threshold s[t-1] ;  s[t] = u[t] > threshold

A recurrent layer's bias acts in the first step too. Networks with reset_mechanism="zero" and
reset_delay=False are the book's: --assume euler --dt 1e-4.
Source: snntorch 1.0.0, export_nir.py, _neurons/{leaky,rleaky,synaptic,rsynaptic}.py.
"""

from typing import Any

import nir
import numpy as np

from export.importing.reading import Reading, doubles
from export.importing.writer import Writer

DT_S = 1e-4
REMARK = (
    "that the threshold is subtracted, a step later, is snnTorch's default; for "
    "reset_mechanism='zero' and reset_delay=False use --assume euler --dt 1e-4"
)


def _read(name: str, node: Any, dt_s: float) -> Reading:
    del name, dt_s
    if isinstance(node, nir.LIF | nir.CubaLIF):
        return Reading(node, reset="subtract-delayed", remark=REMARK)
    return Reading(node)


def _may_have_written(node: nir.NIRNode) -> bool:
    if isinstance(node, nir.LIF):
        return _unit(node.r, node.tau) and not np.any(node.v_leak)
    if isinstance(node, nir.CubaLIF):
        unit = _unit(node.r, node.tau_mem) and _unit(node.w_in, node.tau_syn)
        return unit and not np.any(node.v_leak)
    return False


def _unit(gain: Any, tau: Any) -> bool:
    return bool(np.allclose(doubles(gain) * DT_S, doubles(tau), rtol=1e-3, atol=0))


SNNTORCH = Writer("snnTorch", DT_S, _read, _may_have_written, steady_bias=True)
