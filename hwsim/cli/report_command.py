"""`spikeport report`: cost a simulated run and draw its page."""

from typing import Annotated

import typer

from hwsim.cli.options import RunDir, existing_run, with_settings


def report(
    folder: RunDir,
    chip: Annotated[
        str | None, typer.Option("--chip", metavar="NAME|FILE.toml", help="Cost for this chip.")
    ] = None,
) -> None:
    """Write report.json and report.html, and print the summary.

    Example: spikeport report runs/digits --chip loihi2
    """
    from rich.console import Console

    from hwsim.imported.record import is_imported

    if is_imported(folder):
        from hwsim.imported.report import report_imported
        from hwsim.report.terminal import summary

        Console().print(summary(report_imported(folder, chip, typer.echo)))
        return
    from hwsim.foreign.run_files import run_opened_safely
    from hwsim.pipeline.pipeline import run_pipeline
    from hwsim.report.json_file import read_report
    from hwsim.report.terminal import summary

    context = with_settings(existing_run(folder), "simulate", chip=chip)
    run_opened_safely(context.folder, "report")
    run_pipeline(context, ("report",))
    Console().print(summary(read_report(context.folder.report_json)))
    context.say(f"report: {context.folder.report_html}")
