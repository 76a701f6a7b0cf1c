"""`spikeport report`: cost a simulated run and draw its page."""

from typing import Annotated

import typer

from hwsim.cli.options import RunDir, existing_run


def report(
    folder: RunDir,
    chip: Annotated[
        str | None, typer.Option("--chip", metavar="NAME|FILE.toml", help="Cost for this chip.")
    ] = None,
) -> None:
    """Write report.json and report.html, and print the summary.

    Example: spikeport report runs/digits --chip loihi2
    """
    from dataclasses import replace

    from rich.console import Console

    from hwsim.pipeline.pipeline import run_pipeline
    from hwsim.report.json_file import read_report
    from hwsim.report.terminal import summary

    context = existing_run(folder)
    if chip:
        table = context.recipe.simulate.model_copy(update={"chip": chip})
        context = replace(context, recipe=context.recipe.model_copy(update={"simulate": table}))
    run_pipeline(context, ("report",))
    Console().print(summary(read_report(context.folder.report_json)))
    context.say(f"report: {context.folder.report_html}")
