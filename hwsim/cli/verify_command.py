"""`spikeport verify`: the same network in every runtime, spike by spike."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from hwsim.cli.options import AllowCode, RunDir, existing_run

if TYPE_CHECKING:
    from rich.table import Table

    from hwsim.verify.row import Row

DIFFERENT = 4


def verify(
    folder: RunDir,
    as_json: Annotated[bool, typer.Option("--json", help="Print the rows as JSON.")] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Only the first N test samples.")
    ] = None,
    lava_samples: Annotated[
        int, typer.Option("--lava-samples", min=1, help="Samples for the run in Lava itself.")
    ] = 100,
    allow_code: AllowCode = False,
) -> None:
    """Compare PyTorch, NIR importers, ONNX Runtime, the emulator and Lava on the test split.

    Exits with 4 when a runtime differs.

    Example: spikeport verify runs/digits --json
    """
    from rich.console import Console

    from hwsim.verify.run import verify_run

    context = existing_run(folder, allow_code=allow_code)
    rows = verify_run(context, limit=limit, lava_samples=lava_samples)
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in rows], indent=1))
    else:
        Console().print(_table(rows))
    if any(row.verdict == "different" for row in rows):
        raise typer.Exit(DIFFERENT)


def _table(rows: "list[Row]") -> "Table":
    from rich.table import Table

    columns = ("runtime", "compared with", "precision", "samples", "spike mismatches",
               "largest logit difference", "accuracy", "verdict")  # fmt: skip
    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        cells = asdict(row)
        table.add_row(*(_cell(cells[name]) for name in (
            "runtime", "compared_with", "precision", "samples", "spike_mismatches",
            "logit_max_abs_diff", "accuracy", "verdict",
        )))  # fmt: skip
    return table


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
