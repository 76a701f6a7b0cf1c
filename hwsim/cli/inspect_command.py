"""`spikeport inspect`: what is in a file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hwsim.inspect.table import Inspection


def inspect(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help=".nir, .onnx, .net, .chip.h5, .npz, or a run folder."),
    ],
    draw: Annotated[
        Path | None,
        typer.Option(metavar="OUT.(png|svg|pdf)", help="Draw the graph of a .nir file too."),
    ] = None,
) -> None:
    """Show shapes, neurons, synapses and parameter ranges of a file or run folder.

    Example: spikeport inspect runs/digits/chip.net
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    found = _look_into(file) if draw is None else _drawn(file, draw)
    console = Console()
    console.print(escape(found.title), highlight=False, style="bold")
    for fact in found.facts:
        console.print(escape(fact), highlight=False)
    table = Table(*found.columns, box=None, pad_edge=False)
    for row in found.rows:
        table.add_row(*(escape(cell) for cell in row))
    console.print(table)
    if draw is not None:
        console.print(f"drawn: {escape(str(draw))}", highlight=False)


def _drawn(file: Path, draw: Path) -> "Inspection":
    from hwsim.inspect.drawing import check_drawing, draw_nir

    check_drawing(file, draw)
    found = _look_into(file)
    draw_nir(file, draw)
    return found


def _look_into(file: Path) -> "Inspection":
    from hwsim.foreign.opening import opened_safely

    if file.is_dir():
        from hwsim.inspect.run import inspect_run

        return inspect_run(file)
    opened_safely(file)
    if file.suffix == ".nir":
        from hwsim.inspect.nir import inspect_nir

        return inspect_nir(file)
    if file.suffix == ".onnx":
        from hwsim.inspect.onnx import inspect_onnx

        return inspect_onnx(file)
    if file.suffix in (".net", ".h5"):
        from hwsim.inspect.netx import inspect_netx

        return inspect_netx(file)
    from hwsim.inspect.npz import inspect_npz

    return inspect_npz(file)
