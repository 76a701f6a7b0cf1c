"""Our executor held to itself in another encoding: the portable one must lose nothing.

A frozen network stores its membranes scaled by 1 - beta (r = 1). The same network in the book's
encoding, r = tau/dt with unscaled thresholds, is u <- beta u + x, the recurrence of training, of
ONNX and of the chip; both must spike alike.
"""

import nir

from export.executor import logits, run_graph
from export.nir_neuron import discrete_neuron
from hwsim.verify.runtime import Answer, Ask, Samples, Subject

NO_IMPORTERS = (
    "thresholds move with time, which NIR and Lava have no field for: Norse, snnTorch, "
    "SpikingJelly and Lava have no row"
)


def open_nir_executor(subject: Subject) -> Ask:
    """The executor on the network in the unscaled encoding."""
    graph, facts = unscaled(subject), subject.facts
    note = NO_IMPORTERS if facts.moving_thresholds else ""

    def ask(inputs: Samples) -> Answer:
        run = run_graph(graph, inputs)
        return Answer(run.spikes, logits(run.outputs, facts), note=note)

    return ask


def unscaled(subject: Subject) -> nir.NIRGraph:
    """The same network with unit input gain: LIF with r = tau/dt, IF with r = 1/dt."""
    dt_s = subject.facts.dt_s
    nodes = dict(subject.graph.nodes)
    for name in subject.neurons:
        nodes[name] = _unit_gain(name, nodes[name], dt_s)
    return nir.NIRGraph(
        nodes, list(subject.graph.edges), metadata=subject.graph.metadata, type_check=False
    )


def _unit_gain(name: str, node: nir.LIF | nir.IF, dt_s: float) -> nir.LIF | nir.IF:
    cell = discrete_neuron(name, node, dt_s)
    if isinstance(node, nir.IF):
        return nir.IF(r=node.r / cell.gain, v_threshold=cell.threshold, v_reset=cell.reset)
    return nir.LIF(
        tau=node.tau,
        r=node.r / cell.gain,
        v_leak=node.v_leak / cell.gain,
        v_threshold=cell.threshold,
        v_reset=cell.reset,
    )
