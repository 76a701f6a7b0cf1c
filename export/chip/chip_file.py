"""A network's chip file: netx where netx can express the network, else a graph file."""

from pathlib import Path

from export.chip.check_graph import check_graph
from export.chip.graph import ChipGraph, InputForm
from export.chip.graph_file import GRAPH_GROUP, read_graph_file, write_graph_file
from export.chip.hdf5_guard import open_hdf5
from export.chip.netx_chain import netx_chain
from export.chip.netx_read import LAYER_GROUP, read_netx
from export.chip.netx_write import write_netx
from export.errors import InvalidGraph, UnsupportedLayer
from trainers.atomic_file import cannot_write
from trainers.errors import FileError

CHAIN_FILE = "chip.net"
GRAPH_FILE = "network.chip.h5"
WRITERS = {CHAIN_FILE: write_netx, GRAPH_FILE: write_graph_file}


def is_chain(graph: ChipGraph) -> bool:
    """Whether netx has a spelling for the graph."""
    try:
        netx_chain(graph)
    except UnsupportedLayer:
        return False
    return True


def chip_file_name(graph: ChipGraph) -> str:
    """`chip.net` if netx can express the graph, else `network.chip.h5`."""
    return CHAIN_FILE if is_chain(graph) else GRAPH_FILE


def write_chip(graph: ChipGraph, folder: str | Path) -> Path:
    """Writes the file that fits, and once it is whole removes the other kind's.

    Returns:
        the file.

    Raises:
        InvalidGraph: shapes or names in the graph contradict each other.
        LimitExceeded: a value lies outside what the chip or Lava holds.
        FileError: the folder can't be written to, no space is left, or the other kind's file stays.
    """
    check_graph(graph)
    name = chip_file_name(graph)
    path = Path(folder) / name
    WRITERS[name](graph, path)
    for other in WRITERS.keys() - {name}:
        _remove(path.parent / other)
    return path


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error


def read_chip(
    path: str | Path, input_form: InputForm | None = None, num_layers: int | None = None
) -> ChipGraph:
    """Reads a chip file of either kind, told apart by what it holds and not by its name.

    Args:
        path: the file.
        input_form: for a netx file that doesn't say itself what it takes; see `read_netx`.
        num_layers: the first layers of a netx file only; see `read_netx`.

    Raises:
        FileError: the file is missing, truncated, damaged or no chip file.
        InvalidGraph: the file contradicts itself, or `input_form` contradicts the file.
        UnsupportedLayer: a layer or neuron is of a kind the emulator doesn't have, or the first
            layers of a graph were asked for.
        LimitExceeded: a value lies outside what Lava or the chip holds.
    """
    path = Path(path)
    if not holds_graph(path):
        return read_netx(path, input_form, num_layers)
    if num_layers is not None:
        raise UnsupportedLayer(
            f"{path}: a graph has no first {num_layers} layers. Leave num_layers out."
        )
    graph = read_graph_file(path)
    if input_form not in (None, graph.input.form):
        raise InvalidGraph(
            f"{path}: input form '{input_form}' contradicts the file, whose form is "
            f"'{graph.input.form}'. Leave the form out."
        )
    return graph


def holds_graph(path: str | Path) -> bool:
    """Whether a chip file holds a graph (True) or a netx chain (False).

    Raises:
        FileError: it is neither, or can't be read.
    """
    path = Path(path)
    with open_hdf5(path, "Name a chip file (.net or .chip.h5)") as root:
        names = root.names()
    kinds = [name for name in (LAYER_GROUP, GRAPH_GROUP) if name in names]
    if len(kinds) != 1:
        found = "both groups" if kinds else "neither group"
        raise FileError(
            f"{path}: it holds {found} '{LAYER_GROUP}' (netx) and '{GRAPH_GROUP}' (a chip "
            "graph). Name a chip file with one of them."
        )
    return kinds == [GRAPH_GROUP]
