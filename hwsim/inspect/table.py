"""What an inspection yields: a title, facts, and a table."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LISTED = 16
"""Values that are spelt out one by one."""


@dataclass(frozen=True)
class Inspection:
    """A file's content in words.

    Args:
        title: file and kind.
        facts: one line each.
        columns: of the table.
        rows: of the table.
    """

    title: str
    facts: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def shape_text(shape: tuple[Any, ...]) -> str:
    """Like 16x8x8; `scalar` for ()."""
    return "x".join(str(size) for size in shape) or "scalar"


def range_text(array: NDArray[Any]) -> str:
    """Smallest and largest value, or the one value there is."""
    if array.size == 0:
        return "empty"
    lowest, highest = np.min(array), np.max(array)
    return f"{lowest:g}" if lowest == highest else f"{lowest:g} to {highest:g}"


def values_text(values: tuple[float, ...]) -> str:
    """Each value; beyond LISTED of them their number and range."""
    if len(values) > LISTED:
        return f"({len(values)} weights, {range_text(np.array(values))})"
    return f"({', '.join(f'{value:g}' for value in values)})"
