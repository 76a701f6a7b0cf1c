"""Spiking NIR nodes as plain ONNX operators: the discrete neuron with unit gain.

i' = synapse_decay * i + x ;  u = decay * v + i' + leak ;  s = u > threshold
v' = reset where s, else u

Tensors: states `v_<name>` and, where inputs last longer than their step, `i_<name>`; spikes
`s_<name>` (bool); next states `v_<name>_next` and `i_<name>_next`. For thresholds that move see
`export.onnx.threshold`.
"""

import numpy as np
import onnx

from export.graph_order import OrderedNode
from export.moving_threshold import MovingThreshold
from export.nir_neuron import FloatArray, discrete_neuron
from export.onnx.fragment import Fragment
from export.onnx.threshold import emit_adaptation, emit_threshold


def state_name(node: str) -> str:
    """Name of a neuron's membrane entering a step."""
    return f"v_{node}"


def next_state_name(node: str) -> str:
    """Name of a neuron's membrane leaving a step."""
    return f"v_{node}_next"


def spike_name(node: str) -> str:
    """Name of a neuron's spike tensor, the same in every model written here."""
    return f"s_{node}"


def synapse_name(node: str) -> str:
    """Name of a neuron's synaptic current entering a step."""
    return f"i_{node}"


def next_synapse_name(node: str) -> str:
    """The same, leaving a step."""
    return f"i_{node}_next"


def neuron_states(nodes: tuple[OrderedNode, ...], dt_s: float) -> dict[str, tuple[int, ...]]:
    """Membranes, then synaptic currents: tensor and shape for one sample."""
    fires = [node for node in nodes if node.fires]
    membranes = {state_name(node.name): node.shape for node in fires}
    currents = {
        synapse_name(node.name): node.shape
        for node in fires
        if discrete_neuron(node.name, node.node, dt_s).has_synapse
    }
    return membranes | currents


def emit_neuron(
    fragment: Fragment,
    ordered: OrderedNode,
    dt_s: float,
    current: str,
    output: str,
    moving: MovingThreshold | None = None,
) -> None:
    """Appends one step of a spiking node; `output` is the spikes as float32 zeros and ones.

    Raises:
        InvalidGraph: parameters that can't be stepped; see `export.nir_neuron`.
        LimitExceeded: a parameter is too large for float32.
    """
    name = ordered.name
    cell = discrete_neuron(name, ordered.node, dt_s)
    if cell.has_synapse:
        current = _emit_synapse(fragment, name, cell.synapse_decay, current)
    kept = state_name(name)
    if (cell.decay != 1.0).any():
        decay = fragment.uniform(f"decay_{name}", cell.decay)
        kept = fragment.compute("Mul", [kept, decay], f"kept_{name}")
    u = fragment.compute("Add", [kept, current], f"u_{name}")
    if np.any(cell.leak):
        u = fragment.compute("Add", [u, fragment.uniform(f"leak_{name}", cell.leak)], f"ul_{name}")
    threshold = emit_threshold(fragment, name, cell.threshold, moving)
    spikes = fragment.compute("Greater", [u, threshold], spike_name(name))
    reset = fragment.uniform(f"reset_{name}", cell.reset)
    fragment.compute("Where", [spikes, reset, u], next_state_name(name))
    fragment.compute("Cast", [spikes], output, to=onnx.TensorProto.FLOAT)
    emit_adaptation(fragment, name, output, moving)


def _emit_synapse(fragment: Fragment, name: str, decay: FloatArray, current: str) -> str:
    factor = fragment.uniform(f"synapse_decay_{name}", decay)
    lasting = fragment.compute("Mul", [synapse_name(name), factor], f"i_kept_{name}")
    return fragment.compute("Add", [lasting, current], next_synapse_name(name))
