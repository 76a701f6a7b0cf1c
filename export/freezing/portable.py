"""From a folded NIR graph to the portable encoding C2, which third-party importers run alike.

With beta the decay and unit resistance r = 1, NIR's Euler step is v <- beta v + (1 - beta) x.
So the state is scaled: v = (1 - beta) u, v_threshold = (1 - beta) threshold, tau = dt / (1 - beta);
weights stay as they are. Norse, snnTorch and SpikingJelly compute the same spikes from it.
"""

import copy
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from export.dense_kernels import squared, ungrouped
from export.errors import InvalidGraph, UnsupportedLayer
from export.folding.graph_edit import label
from export.folding.neuron_state import unit_resistance
from export.folding.weighted import bias_of
from export.freezing.to_nir import DECAY_GRID, recurrent_name, snap_decay
from export.graph_order import in_order
from export.nested_population import INNER_NEURON, nested
from export.nir_metadata import attach_facts, read_facts
from export.window import conv_window

FloatArray = NDArray[np.float64]
Edge = tuple[str, str]
Parts = tuple[dict[str, nir.NIRNode], list[Edge]]


def portable(graph: nir.NIRGraph) -> nir.NIRGraph:
    """Square ungrouped kernels, decays in 4096ths, encoding C2, weights float32.

    Args:
        graph: folded; left as it was.

    Returns:
        With neuron parameters float64 and full size, and `decay_4096` in its facts.

    Raises:
        UnsupportedLayer: a node was left unfolded, or NIR's readers can't hold it.
        LimitExceeded: a decay leaves the chip's grid.
        InvalidGraph: a folded weight leaves float32.
    """
    in_order(graph, unfolded=True, loops=True)
    facts = read_facts(graph)
    form = _PortableForm(graph, facts.dt_s)
    nodes = {name: form.node(name, node) for name, node in graph.nodes.items()}
    result = nir.NIRGraph(*_with_nested_loops(nodes, list(graph.edges)))
    attach_facts(result, facts.model_copy(update={"decay_4096": form.decay_4096}))
    return result


def _with_nested_loops(nodes: dict[str, nir.NIRNode], edges: list[Edge]) -> Parts:
    """Neurons that feed themselves, with their weights, as nested graphs."""
    outer = {name: name.removesuffix(f".{INNER_NEURON}") for name in nodes}
    loops = [name for name in nodes if outer[name] != name]
    inner = {recurrent_name(name) for name in loops}
    kept = {
        outer[name]: nested(node, nodes[recurrent_name(name)], len(node.v_threshold))
        if name in loops
        else node
        for name, node in nodes.items()
        if name not in inner
    }
    crossing = [
        (outer[source], outer[target])
        for source, target in edges
        if source not in inner and target not in inner
    ]
    return kept, crossing


class _PortableForm:
    """Brings the nodes of one graph into the portable form, one after the other."""

    def __init__(self, graph: nir.NIRGraph, dt_s: float) -> None:
        self.graph, self.dt_s = graph, dt_s
        self.decay_4096: dict[str, int] = {}

    def node(self, name: str, node: Any) -> nir.NIRNode:
        """The portable node."""
        if isinstance(node, nir.Input | nir.Output | nir.Flatten | nir.SumPool2d):
            # NIR's type check writes into the nodes it is given.
            return copy.deepcopy(node)
        if isinstance(node, nir.Affine | nir.Linear):
            return nir.Affine(self._single(name, node.weight), self._bias(name, node))
        if isinstance(node, nir.Conv2d):
            return self._conv2d(name, node)
        if isinstance(node, nir.LIF) and (node.r == unit_resistance(node, self.dt_s)).all():
            return self._lif(name, node)
        raise UnsupportedLayer(
            f"{label(self.graph, name)}: left unfolded ({type(node).__name__}), and the portable "
            "encoding has no such node. Fold it first: export.folding.folded(graph)."
        )

    def _conv2d(self, name: str, node: nir.Conv2d) -> nir.Conv2d:
        window = conv_window(name, node)
        weight, padding = squared(label(self.graph, name), ungrouped(node), window)
        return nir.Conv2d(
            input_shape=node.input_shape,
            weight=self._single(name, weight),
            stride=window.stride,
            padding=padding,
            dilation=window.dilation,
            groups=1,
            bias=self._bias(name, node),
        )

    def _bias(self, name: str, node: Any) -> NDArray[np.float32]:
        bias = bias_of(node)
        return self._single(name, np.zeros(len(node.weight)) if bias is None else bias)

    def _single(self, name: str, weights: FloatArray) -> NDArray[np.float32]:
        with np.errstate(over="ignore"):
            rounded = weights.astype(np.float32)
        if not np.isfinite(rounded).all():
            raise InvalidGraph(
                f"{label(self.graph, name)}: folding batch norm and threshold into its weights "
                "leaves float32 (NaN or infinity). Train again with a lower learning rate."
            )
        return rounded

    def _lif(self, name: str, node: nir.LIF) -> nir.LIF:
        if (node.tau != node.tau.flat[0]).any() or node.v_leak.any() or node.v_reset.any():
            raise UnsupportedLayer(
                f"{label(self.graph, name)}: its neurons differ in tau, or leak or reset to other "
                "values than 0, which the portable encoding lacks. Use one tau, v_leak 0 and "
                "v_reset 0."
            )
        decay = 1.0 - self.dt_s / float(node.tau.flat[0])
        path = read_facts(self.graph).modules.get(name, name)
        snapped = snap_decay(path, decay)
        self.decay_4096[name] = snapped
        rate = 1.0 - snapped / DECAY_GRID
        shape = node.v_threshold.shape
        return nir.LIF(
            tau=np.full(shape, self.dt_s / rate),
            r=np.ones(shape),
            v_leak=np.zeros(shape),
            v_threshold=rate * node.v_threshold,
            v_reset=np.zeros(shape),
        )
