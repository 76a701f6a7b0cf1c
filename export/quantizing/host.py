"""The host's part: it computes the first linear operation and writes its currents as biases."""

from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from export.chip.graph import ChipGraph, IntArray
from export.chip.limits import BIAS_MANT_MAX
from export.errors import UnsupportedLayer
from export.executor.samples import check_samples
from export.graph_order import in_order
from export.nir_metadata import FrozenFacts, read_facts
from export.quantizing.compose import currents, macs
from export.quantizing.segments import Segment, segments
from trainers.data.splits import Inputs

FloatArray = NDArray[np.float64]

BATCH = 512
"""Samples whose float currents are held at once."""


def encode(graph: nir.NIRGraph, chip: ChipGraph, inputs: NDArray[Any] | Inputs) -> IntArray:
    """Inputs to bias mantissas, round(current * scale) within +-4095.

    Args:
        graph: the frozen network.
        chip: what `quantize` made of it.
        inputs: [N, *shape], or [N, T, *shape] for sequences; lazy ones are read whole.

    Returns:
        int64 [N, C, H, W] (or [N, T, C, H, W]).

    Raises:
        UnsupportedLayer: the chip graph isn't driven by biases.
        DataError: inputs of the wrong shape, or with NaN or infinity.
    """
    if chip.host is None:
        raise UnsupportedLayer(
            "encode: this chip graph has no host encoder; its spikes enter directly."
        )
    facts = read_facts(graph)
    samples = inputs if isinstance(inputs, np.ndarray) else inputs[:]
    check_samples(samples, in_order(graph), facts, facts.time_steps)
    first = segments(graph, facts)[0]
    batches = []
    for start in range(0, len(samples), BATCH):
        mantissas = host_currents(first, facts, samples[start : start + BATCH]) * chip.host.scale
        within = np.clip(np.rint(mantissas), -BIAS_MANT_MAX, BIAS_MANT_MAX)
        batches.append(within.astype(np.int64))
    return np.concatenate(batches)


def host_currents(first: Segment, facts: FrozenFacts, inputs: NDArray[Any]) -> FloatArray:
    """Currents into the first population: [N, *shape], or [N, T, *shape] for sequences."""
    if facts.input.form == "static":
        return currents(first, inputs)
    over_time = currents(first, inputs.reshape(-1, *inputs.shape[2:]))
    return over_time.reshape(*inputs.shape[:2], *first.shape)


def host_macs(first: Segment, facts: FrozenFacts) -> int:
    """Multiply-accumulates per sample: a sequence brings a new input at each step."""
    return macs(first) * (1 if facts.input.form == "static" else facts.time_steps)
