"""`euler`: the book. NIR's equations by forward Euler at the given step, hard reset to v_reset."""

from typing import Any

import nir

from export.importing.reading import Reading
from export.importing.writer import Writer


def _read(name: str, node: Any, dt_s: float) -> Reading:
    del name, dt_s
    return Reading(node)


def _may_have_written(node: nir.NIRNode) -> bool:
    del node
    return True


EULER = Writer("NIR's equations", None, _read, _may_have_written)
