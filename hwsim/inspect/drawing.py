"""A picture of a NIR graph, laid out by Graphviz in the colours of nirviz.

nirviz names each node by its kind; nested graphs are drawn open, so that loops show.
"""

import shutil
from pathlib import Path
from subprocess import CalledProcessError

import nir

from export.flattened import flattened
from export.nir_file import read_nir
from hwsim.errors import DrawingError
from trainers.atomic_file import whole_file

FORMATS = (".png", ".svg", ".pdf")
DOT = "dot"


def check_drawing(file: Path, output: Path) -> None:
    """Refuses what can't be drawn, before anything is read.

    Raises:
        DrawingError: another kind of file or picture, or nirviz or Graphviz isn't there.
    """
    if file.suffix != ".nir":
        raise DrawingError(f"{file}: only .nir files are drawn. Name the run's model.nir.")
    if output.suffix not in FORMATS:
        raise DrawingError(
            f"{output}: a picture ends in {', '.join(FORMATS)}, not in '{output.suffix}'. Name "
            "another."
        )
    try:
        import nirviz  # noqa: F401
    except ImportError as error:
        raise DrawingError(
            f"drawing: nirviz can't be imported ({error}). Run `pip install 'spikeport[draw]'`."
        ) from error
    if shutil.which(DOT) is None:
        raise DrawingError(
            f"drawing: Graphviz's program {DOT} isn't on the path. Install it, for instance with "
            "`apt-get install graphviz` or `brew install graphviz`."
        )


def draw_nir(file: Path, output: Path) -> None:
    """Writes the picture, whole or not at all.

    Args:
        file: NIR.
        output: .png, .svg or .pdf.

    Raises:
        DrawingError: as of `check_drawing`, or Graphviz failed.
        FileError: the file isn't readable NIR, or the folder can't be written to.
        InvalidGraph: its nodes contradict each other.
    """
    check_drawing(file, output)
    graph = _without_ports(flattened(read_nir(file)))
    picture = _picture(graph, output.suffix.removeprefix("."))
    with whole_file(output) as partial:
        partial.write_bytes(picture)


def _without_ports(graph: nir.NIRGraph) -> nir.NIRGraph:
    """Names without colons, behind which Graphviz looks for a part of a node."""
    names: dict[str, str] = {}
    for name in graph.nodes:
        plain = name.replace(":", "_")
        while plain in names.values() or (plain != name and plain in graph.nodes):
            plain += "_"
        names[name] = plain
    nodes = {names[name]: node for name, node in graph.nodes.items()}
    edges = [(names[source], names[target]) for source, target in graph.edges]
    return nir.NIRGraph(nodes, edges, type_check=False)


def _picture(graph: nir.NIRGraph, form: str) -> bytes:
    import nirviz

    try:
        # Without an orientation nirviz 0.1.5 fails: its own style file has none.
        sketch = nirviz.visualize(graph, orientation="horizontal").viz_graph
        drawn: bytes = sketch.pipe(format=form, quiet=True)
    except CalledProcessError as error:
        said = (error.stderr or b"").decode(errors="replace").strip().splitlines()
        raise DrawingError(
            f"drawing: Graphviz's {DOT} failed with exit code {error.returncode} "
            f"({said[0] if said else 'no message'}). Try another format."
        ) from error
    return drawn
