"""What a network has that some tool can't run: the columns of the table of refusals."""

from collections.abc import Callable

import nir
import numpy as np

from export.graph_order import OrderedNode
from export.moving_threshold import moving_nodes
from export.profiles.neuron import Neuron
from export.profiles.writing import Writing, opened
from export.window import pool_window


def features(graph: nir.NIRGraph) -> frozenset[str]:
    """Keys of FEATURES that a frozen network has.

    Raises:
        SpikeportError: as `export.profiles.writing.opened`.
    """
    writing = opened(graph)
    found = {name for name, (_, has) in FEATURES.items() if has(writing)}
    if moving_nodes(writing.graph):
        found.add("moving threshold")
    return frozenset(found)


def _node(*kinds: type[nir.NIRNode]) -> Callable[[Writing], bool]:
    return lambda writing: any(isinstance(node.node, kinds) for node in writing.nodes)


def _any(has: Callable[[Neuron], bool]) -> Callable[[Writing], bool]:
    return lambda writing: any(has(neuron) for neuron in writing.neurons.values())


def _pads_pooling(writing: Writing) -> bool:
    return any(
        any(pool_window(node.name, node.node).before)
        for node in writing.nodes
        if isinstance(node.node, nir.SumPool2d | nir.AvgPool2d)
    )


def _other_loop(writing: Writing) -> bool:
    return any(set(node.delayed) - {writing.recurrent.get(node.name)} for node in writing.nodes)


def _branches(writing: Writing) -> bool:
    def meets(node: OrderedNode) -> bool:
        inside = node.name in writing.recurrent
        return len(node.sources) > 1 or len(writing.readers(node.name)) > 1 + inside

    return any(map(meets, writing.nodes))


def _recurrent_bias(writing: Writing) -> bool:
    weights = (writing.graph.nodes[name] for name in writing.recurrent.values())
    return any(bool(np.any(getattr(node, "bias", 0.0))) for node in weights)


def _hard_reset_matters(writing: Writing) -> bool:
    return writing.facts.time_steps > 1 and _any(
        lambda neuron: neuron.reset == "zero" and bool(neuron.discrete.decay.any())
    )(writing)


def _differ(values: object) -> bool:
    return np.unique(np.asarray(values)).size > 1


FEATURES: dict[str, tuple[str, Callable[[Writing], bool]]] = {
    "dense": ("fully connected layers", _node(nir.Affine, nir.Linear)),
    "conv": ("2-D convolution, grouped and rectangular too", _node(nir.Conv2d)),
    "conv1d": ("1-D convolution", _node(nir.Conv1d)),
    "sum pooling": ("SumPool2d", _node(nir.SumPool2d)),
    "average pooling": ("AvgPool2d (freezing makes SumPool2d of it)", _node(nir.AvgPool2d)),
    "padded pooling": ("a pooling with padding", _pads_pooling),
    "flatten": ("Flatten", _node(nir.Flatten)),
    "branch": ("several edges into or out of a node", _branches),
    "recurrent": ("populations with dense recurrent weights", lambda w: bool(w.recurrent)),
    "recurrent bias": ("a bias on those weights", _recurrent_bias),
    "other loop": ("a loop of any other kind", _other_loop),
    "leaky image layer": (
        "LIF in a layer of more than one dimension",
        _any(lambda n: len(n.shape) > 1 and not n.never_leaks),
    ),
    "no leak": ("IF", _any(lambda n: bool((n.discrete.decay == 1.0).any()))),
    "decay 0": ("a membrane that forgets at once", _any(lambda n: (n.discrete.decay == 0.0).any())),
    "per-neuron decay": (
        "decays that differ within a layer, of membranes or synapses",
        _any(lambda n: not n.one_decay or _differ(n.discrete.synapse_decay)),
    ),
    "per-neuron threshold": (
        "thresholds that differ within a layer", _any(lambda n: not n.one_threshold)
    ),
    "synapse": ("CubaLIF with a synapse that lasts", _any(lambda n: n.discrete.has_synapse)),
    "v_leak": ("v_leak other than 0", _any(lambda n: bool(n.discrete.leak.any()))),
    "v_reset": ("v_reset other than 0", _any(lambda n: bool(n.discrete.reset.any()))),
    "hard reset": ("membranes that remember, reset to zero", _hard_reset_matters),
    "subtract": (
        "a spike subtracts the threshold", _any(lambda n: n.reset == "subtract")
    ),
    "subtract later": (
        "a spike subtracts the threshold a step later",
        _any(lambda n: n.reset == "subtract-delayed"),
    ),
    "several spikes": ("several spikes a step", _any(lambda n: n.reset == "subtract-multi")),
    "integrator": ("LI, CubaLI, I: states without spikes", _node(nir.LI, nir.CubaLI, nir.I)),
    "delay": ("Delay", _node(nir.Delay)),
    "scale": ("Scale", _node(nir.Scale)),
    "bare threshold": ("Threshold", _node(nir.Threshold)),
    "moving threshold": ("a threshold that changes with time or spikes", lambda w: False),
}  # fmt: skip
"""Per feature what it means and whether a network has it."""
