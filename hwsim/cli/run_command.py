"""`spikeport run`: all stages, from data to the report."""

from hwsim.cli.download_command import fetch_data
from hwsim.cli.options import (
    AllowCode,
    Device,
    Download,
    Output,
    RecipeName,
    Seed,
    Settings,
    new_run,
)


def run(
    recipe: RecipeName,
    output: Output = None,
    settings: Settings = None,
    device: Device = "auto",
    seed: Seed = None,
    allow_code: AllowCode = False,
    download: Download = False,
) -> None:
    """Run the whole pipeline: train, export, simulate, report.

    A stage whose inputs haven't changed is skipped; an interrupted run continues.

    Example: spikeport run digits -o runs/digits --set train.epochs=20
    """
    context = new_run(recipe, output, settings, device, seed, allow_code)
    if download:
        fetch_data(context.recipe.data.name, context.recipe.data.options)
    from rich.console import Console

    from hwsim.pipeline.pipeline import run_pipeline
    from hwsim.report.json_file import read_report
    from hwsim.report.terminal import summary

    if not run_pipeline(context, ("train", "export", "simulate", "report")):
        return
    Console().print(summary(read_report(context.folder.report_json)))
    context.say(f"report: {context.folder.report_html}")
