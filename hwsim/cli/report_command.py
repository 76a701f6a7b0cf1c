"""`spikeport report`: cost a simulated run and draw its page."""

from typing import Annotated, Literal

import typer

from hwsim.cli.options import RunDir, existing_run, with_settings, without_setting
from trainers.errors import ConfigError


def report(
    folder: RunDir,
    chip: Annotated[
        str | None, typer.Option("--chip", metavar="NAME|FILE.toml", help="Cost for this chip.")
    ] = None,
    objective: Annotated[
        Literal["fewest-cores", "lowest-latency", "least-traffic"] | None,
        typer.Option("--objective", help="What the cores are chosen for."),
    ] = None,
    chips: Annotated[
        int | None, typer.Option("--chips", min=1, help="Chips there are at most.")
    ] = None,
    throttle: Annotated[
        float | None,
        typer.Option(
            "--throttle",
            min=0,
            max=3600,
            metavar="SECONDS",
            help="Least length of a step; 0: none.",
        ),
    ] = None,
) -> None:
    """Write report.json, report.html and report.md, and print the summary.

    Example: spikeport report runs/digits --chip loihi2 --objective lowest-latency
    """
    from rich.console import Console

    if throttle is not None and not 0 <= throttle <= 3600:
        # A comparison with NaN is false, so the option's own bounds let it pass.
        raise ConfigError(f"--throttle {throttle}: must be 0 to 3600 seconds.")

    from hwsim.imported.record import is_imported

    if is_imported(folder):
        from hwsim.imported.report import report_imported
        from hwsim.report.terminal import summary
        from trainers.recipe_tables import ReportTable

        placed = {"placement": objective, "chips": chips, "throttle_s": throttle or None}
        table = ReportTable.model_validate({k: v for k, v in placed.items() if v is not None})
        Console().print(summary(report_imported(folder, chip, table, typer.echo)))
        return
    from hwsim.foreign.run_files import run_opened_safely
    from hwsim.pipeline.pipeline import run_pipeline
    from hwsim.report.json_file import read_report
    from hwsim.report.terminal import summary

    context = with_settings(existing_run(folder), "simulate", chip=chip)
    context = with_settings(
        context, "report", placement=objective, chips=chips, throttle_s=throttle or None
    )
    if throttle == 0:
        context = without_setting(context, "report", "throttle_s")
    run_opened_safely(context.folder, "report")
    run_pipeline(context, ("report",))
    Console().print(summary(read_report(context.folder.report_json)))
    context.say(f"report: {context.folder.report_html}")
