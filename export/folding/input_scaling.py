"""Scaling of the input, x / 255 or x times a factor per channel, into the first weights."""

import nir

from export.folding.scale import reads_input, scales, without_scales


def fold_input_scaling(graph: nir.NIRGraph) -> nir.NIRGraph:
    """Every Scale that reads the input: the graph then takes raw values, y = W' x with W' = W s.

    Raises:
        UnsupportedLayer: what reads the scaled input can't take the factor.
    """
    first = (node.name for node in scales(graph) if reads_input(graph, node.name))
    return without_scales(graph, first)
