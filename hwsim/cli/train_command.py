"""`spikeport train`: the first stage alone."""

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


def train(
    recipe: RecipeName,
    output: Output = None,
    settings: Settings = None,
    device: Device = "auto",
    seed: Seed = None,
    allow_code: AllowCode = False,
    download: Download = False,
) -> None:
    """Train a recipe's network, or continue an interrupted training.

    Example: spikeport train digits -o runs/digits --device cuda
    """
    context = new_run(recipe, output, settings, device, seed, allow_code)
    if download:
        fetch_data(context.recipe.data.name, context.recipe.data.options)
    from hwsim.pipeline.pipeline import run_pipeline

    run_pipeline(context, ("train",))
