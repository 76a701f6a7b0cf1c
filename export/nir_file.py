"""NIR files: read from anyone, written whole or not at all."""

import io
from pathlib import Path

import h5py
import nir
import numpy as np

from export.errors import InvalidGraph
from trainers.atomic_file import whole_file
from trainers.errors import FileError

MAX_ELEMENTS = 1 << 31
"""A dataset that claims more elements than this is refused before it is allocated."""


def write_nir(graph: nir.NIRGraph, path: Path) -> None:
    """Writes the graph; `path` appears only when the file is complete.

    Raises:
        FileError: the folder can't be written to, or no space is left.
    """
    # In memory first: HDF5 that runs out of disk space while closing can take the process along.
    content = io.BytesIO()
    nir.write(content, graph)
    with whole_file(path) as partial:
        partial.write_bytes(content.getvalue())


def read_nir(path: Path) -> nir.NIRGraph:
    """Reads a NIR graph and checks that every parameter is finite.

    Raises:
        FileError: the file is missing, truncated or isn't NIR.
        InvalidGraph: its nodes contradict each other or hold NaN or infinity.
    """
    if not path.is_file():
        raise FileError(f"{path}: no such file. Name a .nir file.")
    try:
        with h5py.File(path, "r") as file:
            file.visititems(lambda name, item: _refuse_oversized(path, name, item))
        graph = nir.read(path)
    except (OSError, KeyError, RuntimeError) as error:
        raise FileError(
            f"{path}: isn't a readable NIR file ({_first_line(error)}). Export it again."
        ) from error
    except (ValueError, TypeError, AssertionError, IndexError, AttributeError) as error:
        raise InvalidGraph(
            f"{path}: the NIR graph contradicts itself ({_first_line(error)}). Export it again."
        ) from error
    refuse_non_finite(graph, str(path))
    return graph


def refuse_non_finite(graph: nir.NIRGraph, where: str) -> None:
    """Raises InvalidGraph when any parameter of any node, nested graphs included, isn't finite."""
    for name, node in graph.nodes.items():
        if isinstance(node, nir.NIRGraph):
            refuse_non_finite(node, f"{where}, node '{name}'")
            continue
        for key, value in vars(node).items():
            if isinstance(value, np.ndarray) and value.dtype.kind == "f":
                bad = int((~np.isfinite(value)).sum())
                if bad:
                    raise InvalidGraph(
                        f"{where}: node '{name}', {key}: {bad} of {value.size} values are NaN or "
                        "infinite. Train or export the network again."
                    )


def _refuse_oversized(path: Path, name: str, item: object) -> None:
    if isinstance(item, h5py.Dataset) and item.size is not None and item.size > MAX_ELEMENTS:
        raise FileError(
            f"{path}: dataset '{name}' claims {item.size} elements, more than {MAX_ELEMENTS}. "
            "Don't trust this file."
        )


def _first_line(error: BaseException) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
