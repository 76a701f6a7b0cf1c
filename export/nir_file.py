"""NIR files: read from anyone, written whole or not at all."""

import io
from collections.abc import Iterator
from pathlib import Path

import h5py
import nir
import numpy as np

from export.errors import InvalidGraph, UnsupportedLayer
from export.hdf5_heap import refuse_damaged_heaps
from export.hdf5_strings import refuse_false_lengths
from export.moving_threshold import how_it_moves, moving_nodes
from export.nir_metadata import read_facts
from export.nir_values import refuse_odd_values
from export.unfolded_nodes import MEMORY_ONLY
from trainers.atomic_file import whole_file
from trainers.errors import FileError

MAX_BYTES = 1 << 34
"""Datasets that together claim more than 16 GiB are refused before they are allocated."""

MAX_RATIO = 1100
"""Deflate shrinks to 1/1032 at best; a dataset that claims more than was stored is a lie."""

SMALL_BYTES = 1 << 16
"""What a dataset may claim without being held against what was stored."""


def write_nir(graph: nir.NIRGraph, path: str | Path) -> None:
    """Writes the graph; `path` appears only when the file is complete.

    Raises:
        FileError: the folder can't be written to, or no space is left.
        UnsupportedLayer: a node that exists in memory only, or a threshold that moves with time.
    """
    _refuse_memory_only(graph)
    _refuse_moving_thresholds(graph, Path(path))
    # In memory first: HDF5 that runs out of disk space while closing can take the process along.
    content = io.BytesIO()
    nir.write(content, graph)
    with whole_file(Path(path)) as partial:
        partial.write_bytes(content.getvalue())


def read_nir(path: str | Path, *, type_check: bool = True) -> nir.NIRGraph:
    """Reads a NIR graph and checks that every parameter is finite.

    Args:
        path: the file.
        type_check: hold the nodes' shapes to one another, which NIR does without knowing groups of
            a convolution, and which fails where a writer counts the batch in Input.

    Raises:
        FileError: the file is missing, truncated or isn't NIR.
        InvalidGraph: its nodes contradict each other or hold NaN or infinity.
    """
    path = Path(path)
    if not path.is_file():
        raise FileError(f"{path}: no such file. Name a .nir file.")
    try:
        refuse_damaged_heaps(path)
        with h5py.File(path, "r") as file:
            _refuse_traps(path, file)
        # Parameters that make no sense are refused below, not remarked on by numpy here.
        with np.errstate(all="ignore"):
            graph = nir.read(path, type_check=type_check)
    except (OSError, KeyError, RuntimeError) as error:
        raise FileError(
            f"{path}: isn't a readable NIR file ({_first_line(error)}). Export it again."
        ) from error
    except (
        ValueError, TypeError, AssertionError, IndexError, AttributeError, ArithmeticError,
    ) as error:  # fmt: skip
        raise InvalidGraph(
            f"{path}: the NIR graph contradicts itself ({_first_line(error)}). Export it again."
        ) from error
    refuse_odd_values(graph, str(path))
    refuse_non_finite(graph, str(path))
    return graph


def _refuse_memory_only(graph: nir.NIRGraph) -> None:
    for name, node in graph.nodes.items():
        if isinstance(node, nir.NIRGraph):
            _refuse_memory_only(node)
        if isinstance(node, MEMORY_ONLY):
            raise UnsupportedLayer(
                f"NIR node '{name}': NIR has no {type(node).__name__}. Fold it into the weights "
                "first: export.folding.folded(graph)."
            )


def _refuse_moving_thresholds(graph: nir.NIRGraph, path: Path) -> None:
    for name, moving in moving_nodes(graph).items():
        raise UnsupportedLayer(
            f"{path}: {how_it_moves(read_facts(graph), name, moving)}, and NIR (target nir) holds "
            "constants only, so every reader would run another network. Export to targets schedule "
            "and onnx instead."
        )


def refuse_non_finite(graph: nir.NIRGraph, where: str) -> None:
    """Raises InvalidGraph when any parameter of any node, nested graphs included, isn't finite."""
    for name, node in graph.nodes.items():
        if isinstance(node, nir.NIRGraph):
            refuse_non_finite(node, f"{where}, node '{name}'")
            continue
        for key, value in vars(node).items():
            if isinstance(value, np.ndarray | np.floating | float):
                array = np.asarray(value)
                bad = int((~np.isfinite(array)).sum()) if array.dtype.kind == "f" else 0
                if bad:
                    raise InvalidGraph(
                        f"{where}: node '{name}', {key}: {bad} of {array.size} values are NaN or "
                        "infinite. Train or export the network again."
                    )


def _refuse_traps(path: Path, file: h5py.File) -> None:
    """Refuses data from other files, links past the checks, and claims that nothing backs."""
    total = sum(_claimed_bytes(path, dataset) for dataset in _datasets(path, file))
    if total > MAX_BYTES:
        raise FileError(
            f"{path}: its datasets claim {total:,} bytes, more than {MAX_BYTES:,}. "
            "Don't trust this file."
        )


def _datasets(path: Path, file: h5py.File) -> Iterator[h5py.Dataset]:
    # Not by h5py's visitors: an exception in their callback comes out as SystemError.
    waiting, seen = [file["/"]], set[h5py.Group]()
    while waiting:
        group = waiting.pop()
        if group in seen:
            continue
        seen.add(group)
        for name in group:
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise FileError(
                    f"{path}: '{group.name}/{name}' is a link to elsewhere. Don't trust this file."
                )
            item = group[name]
            if isinstance(item, h5py.Group):
                waiting.append(item)
            elif isinstance(item, h5py.Dataset):
                yield item


def _claimed_bytes(path: Path, dataset: h5py.Dataset) -> int:
    if dataset.is_virtual or dataset.external:
        raise FileError(
            f"{path}: dataset '{dataset.name}' takes its data from another file. Don't trust it."
        )
    kind = dataset.dtype
    if kind.kind not in "biufS" and h5py.check_string_dtype(kind) is None:
        # Reading damaged types of variable length can take the process along.
        raise FileError(
            f"{path}: dataset '{dataset.name}' holds {kind}, neither numbers nor text. Export it "
            "again."
        )
    refuse_false_lengths(path, dataset)
    claimed, stored = int(dataset.nbytes), dataset.id.get_storage_size()
    if claimed > SMALL_BYTES and claimed > MAX_RATIO * stored:
        raise FileError(
            f"{path}: dataset '{dataset.name}' claims {claimed:,} bytes, but stores {stored:,}. "
            "Don't trust this file."
        )
    return claimed


def _first_line(error: BaseException) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
