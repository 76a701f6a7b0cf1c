"""Lossless foldings: pure functions from NIR graph to NIR graph, in float64.

Each one computes the same spikes as its input in exact arithmetic and leaves that input as it was.
A new folding is a file here and a line in FOLDINGS.
"""

from collections.abc import Callable
from dataclasses import dataclass

import nir

from export.folding.average_pooling import fold_average_pooling
from export.folding.batch_norm import fold_batch_norms
from export.folding.flatten_order import fold_flatten_order
from export.folding.input_gains import fold_input_gains
from export.folding.input_normalisation import fold_input_normalisation
from export.folding.input_scaling import fold_input_scaling
from export.folding.scale import fold_scales
from export.folding.thresholds import fold_thresholds

__all__ = ["FOLDINGS", "Folding", "folded"]


@dataclass(frozen=True)
class Folding:
    """One row of the table of foldings.

    Args:
        summary: one line about what it does.
        fold: the function.
    """

    summary: str
    fold: Callable[[nir.NIRGraph], nir.NIRGraph]


FOLDINGS: dict[str, Folding] = {
    "flatten-order": Folding("flattens in C, H, W order; weights permuted", fold_flatten_order),
    "input-scaling": Folding("x / 255 into the first weights", fold_input_scaling),
    "scales": Folding("Scale nodes into the weights and thresholds around", fold_scales),
    "batch-norm": Folding("batch norm and tdBN into the layer before", fold_batch_norms),
    "input-normalisation": Folding(
        "mean and deviation of the input into the first layer", fold_input_normalisation
    ),
    "average-pooling": Folding(
        "averages become sums; the next weights divide", fold_average_pooling
    ),
    "input-gains": Folding("1 / tau and r into weights, or into thresholds", fold_input_gains),
    "thresholds": Folding("thresholds to 1, weights divided by them", fold_thresholds),
}
"""In the order in which they are applied."""


def folded(graph: nir.NIRGraph) -> nir.NIRGraph:
    """All foldings of the table, one after the other.

    Args:
        graph: with the facts of `export.nir_metadata`; left as it was.

    Returns:
        Float64; no batch norm, average pooling or scale is left, input gains are 1, thresholds 1
        where weights can take them.

    Raises:
        UnsupportedLayer: something can't be folded without loss.
        InvalidGraph: the graph contradicts itself or lacks the facts.
    """
    for folding in FOLDINGS.values():
        graph = folding.fold(graph)
    return graph
