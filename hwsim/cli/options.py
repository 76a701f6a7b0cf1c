"""Options that several commands share, and what they mean for a run."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hwsim.pipeline.run_folder import RunFolder
    from hwsim.pipeline.stage import Context
    from trainers.recipe import Recipe

RunDir = Annotated[
    Path, typer.Argument(metavar="DIR", help="Run folder, as `spikeport run` makes it.")
]
RecipeName = Annotated[
    str, typer.Argument(metavar="RECIPE", help="A shipped recipe's name or a .toml file.")
]
Output = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="DIR", help="Run folder [runs/RECIPE].")
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="TABLE.KEY=VALUE", help="Change one key of the recipe."),
]
Device = Annotated[str, typer.Option("--device", metavar="auto|cpu|cuda", help="For training.")]
Seed = Annotated[int | None, typer.Option("--seed", min=0, help="Instead of the recipe's seed.")]
AllowCode = Annotated[
    bool, typer.Option("--allow-code", help="Let a recipe's network.factory run its module.")
]
Download = Annotated[
    bool,
    typer.Option("--download", help="First fetch the data set, where it has a public source."),
]


def new_run(
    recipe_name: str,
    output: Path | None,
    settings: list[str] | None,
    device: str,
    seed: int | None,
    allow_code: bool,
) -> "Context":
    """The context of a run that starts from a recipe."""
    from hwsim.pipeline.run_folder import RunFolder
    from trainers.recipe_file import load_recipe

    recipe = load_recipe(recipe_name, tuple(settings or ()), seed)
    folder = RunFolder(output or Path("runs") / recipe.name)
    beside = Path(recipe_name).parent if Path(recipe_name).is_file() else Path()
    return _context(folder, recipe, device, beside.resolve() if allow_code else None)


def existing_run(folder: Path, *, device: str = "auto", allow_code: bool = False) -> "Context":
    """The context of a run folder that exists."""
    from hwsim.pipeline.run_folder import RunFolder

    run = RunFolder(folder)
    return _context(run, run.read_recipe(), device, Path.cwd() if allow_code else None)


def shows_progress() -> bool:
    """Whether someone watches."""
    return sys.stderr.isatty()


def with_settings(context: "Context", table: str, **changes: object) -> "Context":
    """The context with keys of one recipe table changed; a change to None leaves the key alone."""
    given = {key: value for key, value in changes.items() if value is not None}
    changed = getattr(context.recipe, table).model_copy(update=given)
    return replace(context, recipe=context.recipe.model_copy(update={table: changed}))


def without_setting(context: "Context", table: str, key: str) -> "Context":
    """The context with one key of a recipe table set to None."""
    changed = getattr(context.recipe, table).model_copy(update={key: None})
    return replace(context, recipe=context.recipe.model_copy(update={table: changed}))


def with_export_settings(context: "Context", settings: list[str]) -> "Context":
    """The context with `export.key=value` settings applied and checked as a recipe's are.

    Raises:
        ConfigError: a key outside [export], which would need another training, or a fault in one.
    """
    from trainers.errors import ConfigError
    from trainers.recipe import parse_recipe, recipe_document
    from trainers.recipe_file import apply_setting

    document = recipe_document(context.recipe)
    for setting in settings:
        if not setting.startswith("export."):
            raise ConfigError(
                f"--set {setting}: only keys of [export] can change after training, e.g. "
                "export.weight_bits=4."
            )
        apply_setting(document, setting)
    return replace(context, recipe=parse_recipe(document, context.recipe.name))


def _context(
    folder: "RunFolder", recipe: "Recipe", device: str, code_folder: Path | None
) -> "Context":
    from hwsim.pipeline.stage import Context

    return Context(
        folder=folder,
        recipe=recipe,
        device=device,
        code_folder=code_folder,
        progress=shows_progress(),
        say=typer.echo,
    )
