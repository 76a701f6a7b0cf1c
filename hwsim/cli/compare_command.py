"""`spikeport compare`: runs side by side."""

from pathlib import Path
from typing import Annotated

import typer


def compare(
    places: Annotated[
        list[Path],
        typer.Argument(metavar="DIR DIR ...", help="Run folders, or report.json files."),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE.(html|md|csv|json)", help="Write it to a file too."
        ),
    ] = None,
) -> None:
    """Put runs side by side: accuracy, spikes, energy by term, latency, cores.

    The best value of a row is marked where the runs have the same chip, data set and samples; what
    makes a comparison unfair is said under the table.

    Example: spikeport compare runs/digits runs/wide -o compare.html
    """
    from rich.console import Console

    from hwsim.report.comparison import compare as compared
    from hwsim.report.comparison_files import check_output, write_comparison
    from hwsim.report.comparison_runs import read_runs
    from hwsim.report.comparison_table import side_by_side

    if output is not None:
        check_output(output)
    comparison = compared(read_runs(places))
    console = Console()
    console.print(side_by_side(comparison, console.width))
    if output is not None:
        write_comparison(comparison, output)
        typer.echo(f"compare: {output}")
