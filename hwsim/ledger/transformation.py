"""A network after one transformation, ready to run."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Answer:
    """What a network did with N samples.

    Args:
        logits: float64 [N, classes].
        spikes: per layer, by its NIR node, bool [T, N, *shape].
    """

    logits: NDArray[np.float64]
    spikes: dict[str, NDArray[np.bool_]]


class Run(Protocol):
    """Runs a batch."""

    def __call__(self, inputs: NDArray[Any]) -> Answer:
        """Answers to samples [N, ...] as the data set holds them."""


@dataclass(frozen=True)
class Transformation:
    """One line of the ledger before it is measured.

    Args:
        name: of the transformation.
        what: it does, in words.
        run: the network after it.
    """

    name: str
    what: str
    run: Run
