"""`spikeport simulate`: a run's chip.net, or any netx file, through the emulator or Lava."""

from pathlib import Path
from typing import Annotated

import typer

from hwsim.cli.options import existing_run, with_settings


def simulate(
    where: Annotated[
        Path, typer.Argument(metavar="DIR|FILE.net", help="Run folder, or a netx file.")
    ],
    inputs: Annotated[
        Path | None,
        typer.Option("--inputs", metavar="FILE.npz", help="For a FILE.net: `chip_inputs` in it."),
    ] = None,
    chip: Annotated[
        str | None, typer.Option("--chip", metavar="loihi1|loihi2", help="Chip to run on.")
    ] = None,
    backend: Annotated[
        str | None,
        typer.Option("--backend", metavar="emulator|lava", help="lava: lava-dl runs it too."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Only the first N samples.")
    ] = None,
) -> None:
    """Emulate the chip and keep the counted events in trace.npz.

    Example: spikeport simulate runs/digits --backend lava --limit 100
    """
    from trainers.errors import ConfigError

    if backend not in (None, "emulator", "lava"):
        raise ConfigError(f"--backend {backend}: unknown. Choose emulator or lava.")
    if where.suffix == ".net":
        from hwsim.pipeline.foreign_file import simulate_file

        simulate_file(where, inputs, chip or "loihi1", backend or "emulator", limit, typer.echo)
        return
    if inputs is not None:
        raise ConfigError("--inputs goes with a FILE.net; a run folder has its own samples.npz.")
    from hwsim.pipeline.pipeline import run_pipeline

    changes = {"chip": chip, "backend": backend, "limit": limit}
    run_pipeline(with_settings(existing_run(where), "simulate", **changes), ("simulate",))
