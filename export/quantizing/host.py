"""The host's part: samples become the integers that the chip's input form takes."""

from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from export.chip.graph import ChipGraph
from export.executor.samples import check_samples
from export.graph_order import in_order
from export.nir_metadata import read_facts
from export.quantizing.input_forms import INPUT_FORMS, ChipInputs, Encoded
from export.quantizing.segments import segments
from trainers.data.splits import Inputs


def encode(graph: nir.NIRGraph, chip: ChipGraph, inputs: NDArray[Any] | Inputs) -> ChipInputs:
    """Samples as the chip takes them: bias mantissas, spikes or payloads.

    Args:
        graph: the frozen network.
        chip: what `quantize` made of it.
        inputs: [N, *shape], or [N, T, *shape] for sequences; lazy ones are read whole.

    Returns:
        Integers [N, *shape] of static samples, the same at every step, or [N, T, *shape] of
        sequences: int64 biases of the first population, or spikes and payloads of the narrowest
        type.

    Raises:
        UnsupportedLayer: the chip graph lacks the scale of its biases or payloads.
        DataError: inputs of the wrong shape, with NaN or infinity, or, for form `spikes`, other
            than 0 and 1.
    """
    return encode_counted(graph, chip, inputs).integers


def encode_counted(graph: nir.NIRGraph, chip: ChipGraph, inputs: NDArray[Any] | Inputs) -> Encoded:
    """As `encode`, with how many integers were clipped to the range that the host may send."""
    facts = read_facts(graph)
    samples = inputs if isinstance(inputs, np.ndarray) else inputs[:]
    check_samples(samples, in_order(graph), facts, facts.time_steps)
    first = segments(graph, facts)[0]
    return INPUT_FORMS[chip.input.form].encode(first, facts, chip, samples)
