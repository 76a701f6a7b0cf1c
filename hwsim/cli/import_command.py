"""`spikeport import`: a network from another tool's NIR file becomes a run folder."""

from pathlib import Path
from typing import Annotated

import typer


def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE.nir", help="Of any tool.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="Run folder to make.")
    ],
    dt: Annotated[
        float | None,
        typer.Option("--dt", metavar="S", help="Step in seconds that it was written with."),
    ] = None,
    assume: Annotated[
        str | None,
        typer.Option(
            "--assume",
            metavar="norse|snntorch|spikingjelly|sinabs|rockpool|spyx|euler",
            help="Who wrote it; euler takes NIR's equations as they stand and needs --dt.",
        ),
    ] = None,
    steps: Annotated[
        int | None, typer.Option("--steps", min=1, help="T, where the inputs don't say it.")
    ] = None,
    inputs: Annotated[
        Path | None,
        typer.Option(
            "--inputs",
            metavar="FILE.npz",
            help="Samples: array `inputs` [N, ...] or [N, T, ...], and `labels` [N] if known.",
        ),
    ] = None,
) -> None:
    """Bring a NIR file of any tool into the pipeline: says what it took it to mean.

    Then simulate, report, export --target onnx and verify work on the folder.

    Example: spikeport import braille.nir --assume snntorch --inputs braille.npz -o runs/braille
    """
    from hwsim.imported.import_run import ImportRequest, import_run

    import_run(ImportRequest(file, output, dt, assume, steps, inputs), typer.echo)
    typer.echo(f"imported: {output}")
