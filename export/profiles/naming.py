"""Names that sort in computing order, since NIR files lose the order of nodes.

input, l000_conv, l001_lif, ..., output: what freezing writes. nirtorch fails on a nested graph
whose alphabetical order isn't topological, and turns dots in names into underscores.
"""

from itertools import pairwise

import nir

from export.graph_order import OrderedNode
from export.nested_population import INNER_NEURON

KINDS: dict[type[nir.NIRNode], str] = {
    nir.Affine: "fc",
    nir.Linear: "fc",
    nir.Conv1d: "conv",
    nir.Conv2d: "conv",
    nir.SumPool2d: "sumpool",
    nir.AvgPool2d: "avgpool",
    nir.CubaLIF: "lif",
}
"""Words of node kinds; of any other kind its own name in small letters."""


def ordered_names(nodes: tuple[OrderedNode, ...]) -> dict[str, str]:
    """Old to new name; the old ones stay where they serve.

    Args:
        nodes: in computing order, without recurrent weights that go into a nested graph.
    """
    kept = {node.name: _outer(node.name) for node in nodes}
    names = list(kept.values())
    rising = all(first < second for first, second in pairwise(names))
    ends = _is_end(nodes[0], names[0], nir.Input) and _is_end(nodes[-1], names[-1])
    if rising and ends and not any("." in name for name in names):
        return kept
    return {node.name: _numbered(index, node) for index, node in enumerate(nodes, start=-1)}


def _outer(name: str) -> str:
    """A nested graph's neuron goes back into a nested graph of the same name."""
    outer, _, inner = name.partition(".")
    return outer if inner == INNER_NEURON else name


def _is_end(node: OrderedNode, name: str, kind: type[nir.NIRNode] = nir.Output) -> bool:
    return isinstance(node.node, kind) and name == kind.__name__.lower()


def _numbered(index: int, node: OrderedNode) -> str:
    if isinstance(node.node, nir.Input | nir.Output):
        return type(node.node).__name__.lower()
    kind = type(node.node)
    return f"l{index:03d}_{KINDS.get(kind, kind.__name__.lower())}"
