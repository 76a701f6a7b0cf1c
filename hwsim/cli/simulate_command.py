"""`spikeport simulate`: a run's chip file, or any other one, through the emulator or Lava."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hwsim.cli.one_voice import one_voice
from hwsim.cli.options import existing_run, shows_progress, with_settings

if TYPE_CHECKING:
    from hwsim.sharding.ranks import Ranks

CHOICES = {
    "--input-form": ("spikes", "graded", "bias"),
    "--reset": ("none", "staggered"),
    "--backend": ("emulator", "lava"),
}
FOR_FILES = "goes with a FILE; a run folder has its own samples.npz and its own windows."


def simulate(
    where: Annotated[
        Path,
        typer.Argument(metavar="DIR|FILE", help="Run folder, or chip file (.net, .chip.h5)."),
    ],
    inputs: Annotated[
        Path | None,
        typer.Option(
            "--inputs",
            metavar="FILE.npz",
            help="For a FILE: integers `inputs` \\[samples, T, ...].",
        ),
    ] = None,
    input_form: Annotated[
        str | None,
        typer.Option(
            "--input-form",
            metavar="spikes|graded|bias",
            help="What a netx file from elsewhere takes, which it doesn't say itself.",
        ),
    ] = None,
    probe: Annotated[
        list[str] | None,
        typer.Option(
            "--probe",
            metavar="all|NAME|NAME.v",
            help="Write a population's s, u, v after every step to probes.npz; repeatable. A "
            "step is the chip's, as Lava shows it without resets (array `time`: chip); with "
            "--reset staggered and in a run folder it is of each population's own window.",
        ),
    ] = None,
    samples: Annotated[
        str | None,
        typer.Option("--samples", metavar="FIRST:LAST", help="Probe these only, e.g. 0:8."),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option("--steps", min=1, help="For a FILE: T, where it exceeds the inputs'."),
    ] = None,
    reset: Annotated[
        str | None,
        typer.Option(
            "--reset",
            metavar="none|staggered",
            help="For a FILE. none: steps of the chip, each sample from rest (usual with --probe "
            "and where T isn't known); staggered: each population has its own window.",
        ),
    ] = None,
    chip: Annotated[
        str | None, typer.Option("--chip", metavar="NAME|FILE.toml", help="Chip to run on.")
    ] = None,
    backend: Annotated[
        str | None,
        typer.Option("--backend", metavar="emulator|lava", help="lava: lava-dl runs it too."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Only the first N samples.")
    ] = None,
    device: Annotated[
        str, typer.Option("--device", metavar="auto|cpu|cuda", help="Where it computes.")
    ] = "auto",
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="For a FILE: of results \\[beside it]."),
    ] = None,
    report: Annotated[
        str | None,
        typer.Option("--report", metavar="CHIP", help="For a FILE: cost it, draw report.html."),
    ] = None,
) -> None:
    """Emulate the chip; keep counted events in trace.npz and what is probed in probes.npz.

    Several processes share the samples: torchrun --nproc-per-node 2 -m hwsim.cli simulate ...

    Example: spikeport simulate runs/digits --backend lava --limit 100
    """
    from hwsim.imported.record import is_imported
    from trainers.errors import ConfigError

    of_files = {
        "--inputs": inputs,
        "--input-form": input_form,
        "--steps": steps,
        "--reset": reset,
        "--output": output,
        "--report": report,
    }
    with one_voice() as ranks:
        for option, value in (*of_files.items(), ("--backend", backend)):
            if value is not None and value not in CHOICES.get(option, (value,)):
                known = " or ".join(CHOICES[option])
                raise ConfigError(f"{option} {value}: unknown. Choose {known}.")
        if samples is not None and not probe:
            raise ConfigError("--samples: chooses what is probed. Add --probe, or use --limit.")
        probes = tuple(probe or ())
        if where.is_file() or where.suffix in (".net", ".h5"):
            _simulate_file(
                ranks,
                file=where,
                inputs=inputs,
                input_form=input_form,
                chip=chip,
                lava=backend == "lava",
                limit=limit,
                probes=probes,
                samples=samples,
                steps=steps,
                reset=reset,
                device=device,
                output=output,
                report=report,
            )
            return
        for option, value in of_files.items():
            if value is not None:
                raise ConfigError(f"{option} {FOR_FILES}")
        if is_imported(where):
            if probes or ranks.number > 1:
                raise ConfigError(
                    f"{where}: an imported network runs in one process and without --probe. To "
                    f"probe its chip file: spikeport simulate {where}/chip.net --inputs FILE.npz."
                )
            _simulate_imported(where, chip, backend == "lava", limit, device)
            return
        changes: dict[str, object] = {"chip": chip, "backend": backend, "limit": limit}
        _simulate_run(ranks, where, device, changes, probes, samples)


def _simulate_file(ranks: "Ranks", device: str, **asked: Any) -> None:
    from hwsim.foreign.opening import all_opened_safely
    from hwsim.pipeline.foreign_file import FileSimulation, simulate_file
    from trainers.device import choose_device

    simulation = FileSimulation(
        **asked,
        device=choose_device(device),
        ranks=ranks,
        progress=shows_progress() and ranks.first,
    )
    form, inputs = simulation.input_form, simulation.inputs
    openings = [(simulation.file, f"chip-{form}" if form else "chip")]
    if inputs is not None:
        openings.append((inputs, "npz-rows"))
    all_opened_safely(openings)
    simulate_file(simulation, typer.echo if ranks.first else _silent)


def _simulate_imported(
    folder: Path, chip: str | None, lava: bool, limit: int | None, device: str
) -> None:
    from hwsim.imported.simulate import ImportedSimulation, simulate_imported
    from trainers.device import choose_device

    asked = ImportedSimulation(
        chip=chip,
        lava=lava,
        limit=limit,
        device=choose_device(device),
        progress=shows_progress(),
    )
    simulate_imported(folder, asked, typer.echo)


def _simulate_run(
    ranks: "Ranks",
    folder: Path,
    device: str,
    changes: dict[str, object],
    probes: tuple[str, ...],
    samples: str | None,
) -> None:
    from hwsim.foreign.run_files import run_opened_safely
    from hwsim.pipeline.pipeline import run_pipeline
    from hwsim.pipeline.probe_run import probe_run

    context = with_settings(existing_run(folder, device=device), "simulate", **changes)
    context = replace(context, ranks=ranks)
    if not ranks.first:
        context = replace(context, progress=False, say=_silent)
    run_opened_safely(context.folder, "simulate")
    # First, since an unknown population is refused at once.
    if probes:
        context.say(f"probes    in each population's window: {probe_run(context, probes, samples)}")
    run_pipeline(context, ("simulate",))


def _silent(line: str) -> None:
    del line
