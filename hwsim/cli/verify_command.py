"""`spikeport verify`: the same network in every runtime, spike by spike."""

import json
from dataclasses import asdict
from pathlib import Path
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
    python: Annotated[
        list[str] | None,
        typer.Option(
            "--python",
            metavar="TOOL=PATH",
            help="Run norse, snntorch or spikingjelly in a process of its own, under this Python.",
        ),
    ] = None,
    allow_code: AllowCode = False,
) -> None:
    """Compare PyTorch, NIR importers, ONNX Runtime, the emulator and Lava on the test split.

    Exits with 4 when a runtime differs, and leaves what it found in the run's verify.json.

    Example: spikeport verify runs/digits --json
    """
    from rich.console import Console

    from hwsim.foreign.run_files import run_opened_safely
    from hwsim.imported.record import is_imported
    from hwsim.imported.verify import verify_imported
    from hwsim.verify.run import verify_and_record

    pythons = _pythons(python or [])
    imported = is_imported(folder)
    if imported:
        rows = verify_imported(folder, limit=limit, lava_samples=lava_samples)
    else:
        context = existing_run(folder, allow_code=allow_code)
        run_opened_safely(context.folder, "verify")
        rows = verify_and_record(context, limit=limit, lava_samples=lava_samples, pythons=pythons)
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in rows], indent=1))
    else:
        console = Console()
        console.print(_table(rows))
        for line in (*_notes(rows), LEGEND):
            console.print(line, style="dim", highlight=False, markup=False)
        for line in (*_cases(rows), *_unchecked(rows)):
            console.print(line, highlight=False, markup=False)
        if not imported:
            context.say(
                f"verify: {context.folder.verification}; `spikeport report {context.folder.path}` "
                "shows it on the page"
            )
    if any(row.verdict == "different" for row in rows):
        raise typer.Exit(DIFFERENT)


COLUMNS = {
    "runtime": "runtime",
    "precision": "precision",
    "samples": "N",
    "spike_mismatches": "differ",
    "logit_max_abs_diff": "logits",
    "accuracy": "accuracy",
    "verdict": "verdict",
}
MIN_WIDTHS = {"runtime": 15, "precision": 11, "verdict": 13}
LEGEND = (
    "N: samples; differ: decisions (neuron, step, sample) that aren't the same; logits: largest "
    "difference. Every runtime is held to our NIR executor in float64, that one to the same "
    "network in the unscaled encoding, Lava and model.chip.onnx to the emulator."
)


def _table(rows: "list[Row]") -> "Table":
    from rich.table import Table

    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for name, title in COLUMNS.items():
        in_words = name in ("runtime", "precision")
        table.add_column(
            title,
            min_width=MIN_WIDTHS.get(name),
            no_wrap=not in_words,
            justify="left" if in_words or name == "verdict" else "right",
        )
    for row in rows:
        cells = asdict(row)
        table.add_row(*(_cell(cells[name]) for name in COLUMNS))
    return table


def _pythons(given: list[str]) -> dict[str, Path]:
    from hwsim.errors import VerificationError

    pythons: dict[str, Path] = {}
    for option in given:
        tool, _, path = option.partition("=")
        if not tool or not path:
            raise VerificationError(
                f"--python {option}: expected TOOL=PATH, e.g. norse=envs/norse/bin/python."
            )
        pythons[tool] = Path(path)
    return pythons


def _cases(rows: "list[Row]") -> list[str]:
    return [f"{row.runtime}, smallest case: {row.case}." for row in rows if row.case is not None]


def _unchecked(rows: "list[Row]") -> list[str]:
    missing = [row.runtime for row in rows if row.verdict == "not installed"]
    return [f"NOT CHECKED, because not installed: {', '.join(missing)}."] if missing else []


def _notes(rows: "list[Row]") -> list[str]:
    bounds = [
        f"{row.runtime}: a membrane closer than {row.float32_bound:.3g} to its threshold may be "
        "decided otherwise in float32."
        for row in rows
        if row.float32_bound is not None
    ]
    return [*bounds, *(f"{row.runtime}: {row.note}" for row in rows if row.note)]


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if value == 0:
        return "0"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
