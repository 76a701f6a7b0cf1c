"""Our executor held to itself in another encoding: the portable one must lose nothing.

A frozen network stores its membranes scaled by 1 - beta (r = 1). The same network in the book's
encoding, r = tau/dt with unscaled thresholds, is u <- beta u + x, the recurrence of training, of
ONNX and of the chip; both must spike alike.
"""

from collections.abc import Mapping
from typing import Any

import nir

from export.executor import logits, run_graph
from export.flattened import flattened
from export.nir_neuron import discrete_neuron
from hwsim.verify.runtime import Answer, Ask, FloatArray, Samples, Subject

NO_IMPORTERS = (
    "thresholds move with time, which NIR and Lava have no field for: Norse, snnTorch, "
    "SpikingJelly and Lava have no row"
)


def open_nir_executor(subject: Subject) -> Ask:
    """The executor on the network in the unscaled encoding."""
    graph, facts = unscaled(subject), subject.facts
    note = NO_IMPORTERS if facts.moving_thresholds else ""

    def ask(inputs: Samples) -> Answer:
        def membranes(sample: int) -> Mapping[str, FloatArray]:
            alone = run_graph(graph, inputs[sample : sample + 1], record=True)
            return {name: v[:, 0] for name, v in alone.membranes.items()}

        run = run_graph(graph, inputs)
        return Answer(run.spikes, logits(run.outputs, facts), membranes, note=note)

    return ask


def unscaled(subject: Subject) -> nir.NIRGraph:
    """The same network with unit input gain, in one graph.

    LIF has r = tau/dt, IF r = 1/dt, CubaLIF r = tau_mem/dt and w_in = tau_syn/dt.
    """
    dt_s = subject.facts.dt_s
    graph = flattened(subject.graph)
    nodes = dict(graph.nodes)
    for name in subject.neurons:
        nodes[name] = _unit_gain(name, nodes[name], dt_s)
    return nir.NIRGraph(nodes, list(graph.edges), metadata=subject.graph.metadata, type_check=False)


def _unit_gain(name: str, node: Any, dt_s: float) -> nir.NIRNode:
    if isinstance(node, nir.Threshold):
        return node
    cell = discrete_neuron(name, node, dt_s)
    if isinstance(node, nir.IF):
        return nir.IF(r=node.r / cell.gain, v_threshold=cell.threshold, v_reset=cell.reset)
    if isinstance(node, nir.CubaLIF):
        return nir.CubaLIF(
            tau_syn=node.tau_syn,
            tau_mem=node.tau_mem,
            r=node.tau_mem / dt_s,
            v_leak=node.v_leak / cell.gain,
            v_threshold=cell.threshold,
            v_reset=cell.reset,
            w_in=node.tau_syn / dt_s,
        )
    return nir.LIF(
        tau=node.tau,
        r=node.r / cell.gain,
        v_leak=node.v_leak / cell.gain,
        v_threshold=cell.threshold,
        v_reset=cell.reset,
    )
