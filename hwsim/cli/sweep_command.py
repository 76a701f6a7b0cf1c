"""`spikeport sweep`: one trained run in many conversions: accuracy, energy, bits."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from hwsim.cli.options import AllowCode, RunDir, existing_run

if TYPE_CHECKING:
    from hwsim.sweep.space import Space
    from trainers.recipe import ExportTable


def sweep(
    folder: RunDir,
    bits: Annotated[
        str, typer.Option("--bits", metavar="2:8|4,6,8|all", help="Of a synaptic weight.")
    ] = "2:8",
    threshold_strategy: Annotated[
        str | None,
        typer.Option(
            "--threshold-strategy",
            metavar="mean,...|all",
            help="mean, calibrated, finetune, schedule; else the recipe's.",
        ),
    ] = None,
    scale_search: Annotated[
        str | None,
        typer.Option(
            "--scale-search",
            metavar="max-abs,...|all",
            help="max-abs, percentile, squared-error, spike-disagreement; else the recipe's.",
        ),
    ] = None,
    qat: Annotated[
        str | None,
        typer.Option(
            "--qat",
            metavar="yes|no|both",
            help="Fine-tune on the chip's integers; else as the recipe says.",
        ),
    ] = None,
    chip: Annotated[
        str | None,
        typer.Option("--chip", metavar="NAME|FILE.toml", help="That costs; else the recipe's."),
    ] = None,
    samples: Annotated[
        int | None, typer.Option("--samples", min=1, help="Only the first N of each split.")
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option("--trials", min=1, help="At most N points, chosen by a sampler."),
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", min=1, max=256, help="Processes that share the points.")
    ] = 1,
    tolerance: Annotated[
        float,
        typer.Option(
            "--tolerance", min=0, max=1, help="Accuracy that a cheaper point may lack, as a share."
        ),
    ] = 0.005,
    restart: Annotated[
        bool, typer.Option("--restart", help="Forget the points that are stored.")
    ] = False,
    device: Annotated[
        str, typer.Option("--device", metavar="auto|cpu|cuda", help="Where it computes.")
    ] = "auto",
    allow_code: AllowCode = False,
    further_worker: Annotated[bool, typer.Option("--further-worker", hidden=True)] = False,
) -> None:
    """Convert one trained run in many ways; tell accuracy, energy, latency and size of each.

    Points are stored in DIR/sweep as they are done. The same command continues an interrupted
    sweep; in several shells at once, it shares the work. Leaves sweep.json, .csv and .html there.

    Example: spikeport sweep runs/digits --bits 2:8 --threshold-strategy all --workers 2
    """
    context = existing_run(folder, device=device, allow_code=allow_code)
    space = _space(context.recipe.export, bits, threshold_strategy, scale_search, qat)
    # Not before the options are checked: torch and optuna take seconds to import.
    from hwsim.sweep.crew import end_with_parent
    from hwsim.sweep.preparation import Asked
    from hwsim.sweep.sweep import help_sweep
    from hwsim.sweep.sweep import sweep as run_sweep

    chip = chip or context.recipe.simulate.chip
    asked = Asked(space, chip, samples, trials, workers, tolerance, restart)
    if further_worker:
        end_with_parent()
        help_sweep(replace(context, progress=False, say=_silent), asked)
        return
    options = {
        "--bits": bits,
        "--threshold-strategy": threshold_strategy,
        "--scale-search": scale_search,
        "--qat": qat,
        "--chip": chip,
        "--samples": samples,
        "--trials": trials,
        "--workers": workers,
        "--device": device,
    }
    further = [
        *("sweep", str(folder), "--further-worker", *(["--allow-code"] if allow_code else [])),
        *(f"{name}={value}" for name, value in options.items() if value is not None),
    ]
    results = run_sweep(context, replace(asked, further=tuple(further)))
    from rich.console import Console

    from hwsim.sweep.table import summary

    Console().print(summary(results))
    context.say(f"sweep: {context.folder.path / 'sweep' / 'sweep.html'}")


def _space(
    recipe: "ExportTable",
    bits: str,
    threshold_strategy: str | None,
    scale_search: str | None,
    qat: str | None,
) -> "Space":
    from hwsim.sweep.space import (
        SCALE_SEARCHES,
        THRESHOLD_STRATEGIES,
        Space,
        parse_bits,
        parse_names,
        parse_qat,
    )

    strategies = threshold_strategy or recipe.threshold_strategy
    return Space(
        weight_bits=parse_bits(bits),
        threshold_strategies=parse_names("--threshold-strategy", strategies, THRESHOLD_STRATEGIES),
        scale_searches=parse_names(
            "--scale-search", scale_search or recipe.scale_search, SCALE_SEARCHES
        ),
        qat=parse_qat(qat or ("no" if recipe.qat is None else "yes")),
    )


def _silent(line: str) -> None:
    del line
