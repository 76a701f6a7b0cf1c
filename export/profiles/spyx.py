"""Profile `spyx`: LIF and CubaLIF where a network lags as Spyx does, else LI and Threshold.

Spyx fires from the membrane of the step before and subtracts the threshold then, whatever r says:

    LIF, IF   s = v > v_threshold ;  v <- beta v + x - s v_threshold
    CubaLIF   s = v > v_threshold ;  i <- alpha i + x ;  v <- beta (v - s v_threshold) + i

so its neurons are those of reset rule `subtract-delayed` and `subtract` with a Delay of one step
behind them, as `spikeport import --assume spyx` reads them. LI with a Threshold behind it becomes
PSU_LIF, which has no reset and no lag and equals a neuron with hard reset where a reset changes
nothing (`export.profiles.forgetting`). Spyx follows one chain of edges from `input` to `output` and
drops all others.
"""

import nir
import numpy as np

from export.graph_order import OrderedNode
from export.profiles.encoding import Encoding, encoded
from export.profiles.forgetting import refuse_remembering
from export.profiles.neuron import Neuron
from export.profiles.profile import Settings, refused
from export.profiles.writing import Writing

NAME = "spyx"
SETTINGS: Settings = {"zero": {}, "subtract": {}, "subtract-delayed": {}}


def encode(graph: nir.NIRGraph) -> nir.NIRGraph:
    """Writes what Spyx runs as the network does.

    Raises:
        UnsupportedLayer: hard resets that matter, subtracting neurons without a Delay of one step,
            branches, recurrence, convolution and pooling (Spyx keeps channels last, which mixes up
            the columns of what follows a Flatten).
        InvalidGraph: as `export.profiles.encoding.encoded`.
    """
    return _respelled(encoded(graph, _ENCODING))


def _check(writing: Writing) -> None:
    refuse_remembering(writing, NAME, "Spyx")
    for node in writing.nodes:
        if node.delayed or len(node.sources) > 1 or len(writing.readers(node.name)) > 1:
            raise refused(
                writing.where(node.name), "is part of a branch or a loop", NAME,
                "Spyx follows one chain and drops the rest", "Use target nir.",
            )  # fmt: skip
        if node.name in writing.neurons:
            _check_lag(writing, node)


def _check_lag(writing: Writing, node: OrderedNode) -> None:
    neuron = writing.neurons[node.name]
    reader = writing.readers(node.name)[0].node
    steps = reader.delay / writing.facts.dt_s if isinstance(reader, nir.Delay) else np.zeros(1)
    if not np.allclose(steps, 0.0 if neuron.reset == "zero" else 1.0):
        raise refused(
            neuron.where, f"its spikes arrive {float(steps.max()):g} steps late", NAME,
            "in Spyx they take one step, and none out of PSU_LIF", "Use target nir-sinabs.",
        )  # fmt: skip


def _neuron(neuron: Neuron) -> nir.NIRNode:
    found, dt_s, shape = neuron.discrete, neuron.dt_s, neuron.shape
    if found.leak.any():
        raise refused(
            neuron.where, "v_leak isn't 0", NAME, "Spyx has none",
            "Put it into the bias of the weights before.",
        )  # fmt: skip
    if neuron.reset == "zero" and not found.has_synapse:
        return nir.Threshold(found.threshold)
    if neuron.reset == "zero" or (found.decay == 1.0).any() or (found.synapse_decay == 1.0).any():
        raise refused(
            neuron.where, "never leaks, or has a synapse and a hard reset", NAME,
            "none of Spyx's neurons does that", "Use target nir or nir-cuba.",
        )  # fmt: skip
    common = {"v_leak": np.zeros(shape), "v_threshold": found.threshold, "r": np.ones(shape)}
    if neuron.reset == "subtract":
        tau_syn = dt_s / (1.0 - found.synapse_decay)
        return nir.CubaLIF(tau_syn=tau_syn, tau_mem=dt_s / neuron.rate, **common)
    if found.has_synapse:
        raise refused(
            neuron.where, "has a synapse and subtracts a step late", NAME,
            "Spyx's CuBaLIF decays what it subtracts", "Use target nir-rockpool.",
        )  # fmt: skip
    return nir.LIF(tau=dt_s / neuron.rate, **common)


def _respelled(graph: nir.NIRGraph) -> nir.NIRGraph:
    """An integrator that forgets at once before every Threshold, and no Delays."""
    dt_s = float(graph.metadata["dt"])
    nodes: dict[str, nir.NIRNode] = {}
    edges: list[tuple[str, str]] = []
    before = ""
    for name, node in graph.nodes.items():
        if isinstance(node, nir.Delay):
            continue
        chain = {name: node}
        if isinstance(node, nir.Threshold):
            shape = node.threshold.shape
            integrator = nir.LI(tau=np.full(shape, dt_s), r=np.ones(shape), v_leak=np.zeros(shape))
            chain = {f"{name}_a_li": integrator, f"{name}_b_threshold": node}
        for each, kind in chain.items():
            nodes[each] = kind
            if before:
                edges.append((before, each))
            before = each
    return nir.NIRGraph(nodes, edges, metadata=graph.metadata)


_ENCODING = Encoding(
    profile=NAME,
    discretization="Spyx: v = (1 - dt/tau) v + I, spikes of the step before subtract v_threshold",
    neuron=_neuron,
    kinds=(nir.Affine, nir.Linear, nir.Delay),
    why=dict.fromkeys(
        (nir.Conv1d, nir.Conv2d, nir.SumPool2d, nir.AvgPool2d, nir.Flatten),
        "Spyx keeps channels last and mixes up the columns behind a Flatten, or has no such layer",
    ),
    check=_check,
    resets=SETTINGS,
    ours=False,
)
