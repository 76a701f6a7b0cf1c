"""Norse: `norse.torch.utils.export_nir.to_nir(module, sample, dt=0.001)`.

It writes tau = dt tau' for a time constant tau' (norse#411), r = 1, and neither its step nor
v_reset; its Input shape counts the batch, its parameters are scalars. What it runs, strict >:

    LIFBoxCell  v <- v + dt/tau' ((v_leak - v) + x)
    LIFCell     i <- i + x ; v <- v + dt/tau_mem' ((v_leak - v) + i) ; i <- i - dt/tau_syn' i
    LIBoxCell   LIFBoxCell without spikes
    IAFCell     v <- v + x

LIFCell's i before its decay is CubaLIF's new current, with input gain 1. A run begins at v_leak and
not at 0, so the membrane is measured from there.
Source: norse 1.1.0, torch/utils/export_nir.py, torch/functional/{lif,lif_box,iaf}.py.
"""

from typing import Any

import nir
import numpy as np

from export.errors import UnsupportedLayer
from export.importing.reading import Reading, doubles
from export.importing.rebuilt import rebuilt
from export.importing.writer import Writer

REMARK = "that neurons reset to 0 is Norse's default"


def _read(name: str, node: Any, dt_s: float) -> Reading:
    if isinstance(node, nir.LIF):
        return Reading(_from_rest(node, tau=doubles(node.tau) / dt_s), remark=REMARK)
    if isinstance(node, nir.LI):
        if np.any(node.v_leak):
            raise UnsupportedLayer(
                f"NIR node '{name}': Norse begins a leaky integrator at its v_leak, up to "
                f"{float(np.max(np.abs(node.v_leak))):g}, which NIR can't say. Train it with 0."
            )
        return Reading(rebuilt(node, tau=doubles(node.tau) / dt_s))
    if isinstance(node, nir.IF):
        return Reading(rebuilt(node, r=doubles(node.r) / dt_s), remark=REMARK)
    if isinstance(node, nir.CubaLIF):
        tau_syn = doubles(node.tau_syn) / dt_s
        times = {"tau_syn": tau_syn, "tau_mem": doubles(node.tau_mem) / dt_s}
        return Reading(_from_rest(node, **times, w_in=tau_syn / dt_s), remark=REMARK)
    return Reading(node)


def _from_rest(node: Any, **changes: Any) -> nir.NIRNode:
    """The node with v measured from v_leak."""
    leak = doubles(node.v_leak)
    return rebuilt(
        node,
        v_leak=np.zeros_like(leak),
        v_threshold=doubles(node.v_threshold) - leak,
        v_reset=doubles(node.v_reset) - leak,
        **changes,
    )


def _may_have_written(node: nir.NIRNode) -> bool:
    gain = getattr(node, "r", None)
    kinds = nir.LIF | nir.LI | nir.IF | nir.CubaLIF
    if not isinstance(node, kinds) or gain is None or not np.allclose(doubles(gain), 1):
        return False
    if isinstance(node, nir.CubaLIF):
        return bool(np.allclose(doubles(node.w_in), 1))
    return True


NORSE = Writer("Norse", 1e-3, _read, _may_have_written, batch_in_shapes=True)
