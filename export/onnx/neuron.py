"""Spiking NIR nodes as plain ONNX operators: the discrete neuron with unit gain.

u = decay * v + x + leak ;  s = u > threshold ;  v' = reset where s, else u

Tensors: state `v_<name>`, spikes `s_<name>` (bool), next state `v_<name>_next`. For thresholds that
move see `export.onnx.threshold`.
"""

from collections.abc import Mapping

import numpy as np
import onnx

from export.graph_order import OrderedNode
from export.moving_threshold import MovingThreshold
from export.nir_neuron import discrete_neuron
from export.onnx.fragment import Fragment
from export.onnx.threshold import adaptive, emit_adaptation, emit_threshold


def state_name(node: str) -> str:
    """Name of a neuron's membrane entering a step."""
    return f"v_{node}"


def next_state_name(node: str) -> str:
    """Name of a neuron's membrane leaving a step."""
    return f"v_{node}_next"


def spike_name(node: str) -> str:
    """Name of a neuron's spike tensor, the same in every model written here."""
    return f"s_{node}"


def states_of(
    nodes: tuple[OrderedNode, ...], moving: Mapping[str, MovingThreshold]
) -> dict[str, tuple[int, ...]]:
    """What a step hands to the next, zeros at first: tensor and shape for one sample.

    A tensor leaves the step under the same name with `_next`.
    """
    membranes = {state_name(node.name): node.shape for node in nodes if node.fires}
    return membranes | adaptive(nodes, moving)


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
