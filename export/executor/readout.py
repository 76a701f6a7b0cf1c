"""The readout rule: how the outputs of T steps become logits."""

import numpy as np
from numpy.typing import NDArray

from export.errors import InvalidGraph
from export.nir_metadata import FrozenFacts

FloatArray = NDArray[np.float64]


def readout_weights(facts: FrozenFacts, time_steps: int) -> tuple[float, ...]:
    """w_t of the readout rule for T steps, all ones if the file gives none.

    Raises:
        InvalidGraph: the file gives weights for another number of steps.
    """
    weights = facts.readout.weights
    if weights is None:
        return (1.0,) * time_steps
    if len(weights) != time_steps:
        raise InvalidGraph(
            f"readout: the file has weights for {len(weights)} steps, but {time_steps} are run. "
            f"Run it for {len(weights)} steps."
        )
    return weights


def logits(outputs: FloatArray, facts: FrozenFacts) -> FloatArray:
    """Logits of each sample: (1/T) * sum over t of w_t * outputs[t].

    Args:
        outputs: [T, N, classes].
        facts: the network's, for the rule and its weights.

    Returns:
        [N, classes].

    Raises:
        InvalidGraph: the file has weights for another T.
    """
    total = np.zeros(outputs.shape[1:])
    for weight, output in zip(readout_weights(facts, len(outputs)), outputs, strict=True):
        total += weight * output
    result: FloatArray = total / len(outputs)
    return result
