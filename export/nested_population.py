"""A population that feeds itself, written as a nested graph.

    {input -> l00_lif <-> l01_w_rec, l00_lif -> output}

Norse, snnTorch and SpikingJelly run it alike, with the recurrent value one step late; the same loop
laid flat comes out wrong in snnTorch without a word.
"""

import nir
import numpy as np

INNER_NEURON, INNER_WEIGHTS = "l00_lif", "l01_w_rec"


def nested(neuron: nir.NIRNode, weights: nir.NIRNode, size: int) -> nir.NIRGraph:
    """The nested graph of a population of `size` neurons."""
    nodes = {
        "input": nir.Input({"input": np.array([size])}),
        INNER_NEURON: neuron,
        INNER_WEIGHTS: weights,
        "output": nir.Output({"output": np.array([size])}),
    }
    edges = [
        ("input", INNER_NEURON),
        (INNER_NEURON, INNER_WEIGHTS),
        (INNER_WEIGHTS, INNER_NEURON),
        (INNER_NEURON, "output"),
    ]
    return nir.NIRGraph(nodes, edges)
