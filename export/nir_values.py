"""Parameters of a stranger's NIR nodes, held to what NIR says they are.

NIR's own reader takes any dataset for any parameter: text for a weight, a matrix for the number of
groups. Shapes that don't fit one another are found where nodes are put in order.
"""

from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from export.errors import InvalidGraph

WHOLE = ("groups", "start_dim", "end_dim")
"""Parameters that are one whole number."""

OTHERS = ("metadata", "input_type", "output_type", "nodes", "edges", "name")
"""Fields of nodes that are no parameters."""


def refuse_odd_values(graph: nir.NIRGraph, where: str) -> None:
    """Raises InvalidGraph for a parameter, nested graphs included, that isn't of NIR's kind."""
    for name, node in graph.nodes.items():
        if isinstance(node, nir.NIRGraph):
            refuse_odd_values(node, f"{where}, node '{name}'")
            continue
        for key, value in vars(node).items():
            if value is not None and key not in OTHERS:
                _check(value, key, f"{where}: node '{name}', {key}")
        for key in ("input_type", "output_type"):
            for port, shape in (getattr(node, key) or {}).items():
                _check_shape(shape, f"{where}: node '{name}', {key} {port!a}")


def _check(value: Any, key: str, where: str) -> None:
    # Convolutions may say 'same' and 'valid'; NIR refuses other words itself.
    if key == "padding" and isinstance(value, str):
        return
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise InvalidGraph(f"{where}: holds {array.dtype}, not numbers. Export it again.")
    if key in WHOLE and (array.ndim or not _whole(array)):
        raise InvalidGraph(
            f"{where}: holds {array.dtype} of shape {array.shape}, expected one whole number. "
            "Export it again."
        )


def _check_shape(shape: Any, where: str) -> None:
    if shape is None:
        return
    array = np.asarray(shape)
    if array.dtype.kind not in "iuf" or array.ndim != 1 or not _whole(array):
        raise InvalidGraph(
            f"{where}: holds {array.dtype} of shape {array.shape}, expected a list of sizes. "
            "Export it again."
        )


def _whole(array: NDArray[Any]) -> bool:
    return bool((np.isfinite(array) & (array == np.trunc(array))).all())
