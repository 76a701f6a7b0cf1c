"""One stage of the pipeline: what it depends on, what it makes."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from hwsim.pipeline.run_folder import RunFolder
from hwsim.sharding.ranks import ALONE, Ranks
from trainers.recipe import Recipe


@dataclass(frozen=True)
class Context:
    """What every stage gets.

    Args:
        folder: the run's.
        recipe: the run's.
        device: auto, cpu or cuda.
        code_folder: where a user's factory may lie; None forbids running it.
        progress: show progress bars.
        say: prints one line about what was done.
        ranks: this process among those that simulate together.
    """

    folder: RunFolder
    recipe: Recipe
    device: str
    code_folder: Path | None
    progress: bool
    say: Callable[[str], None]
    ranks: Ranks = ALONE


class Inputs(Protocol):
    """What the stage's result depends on, as plain data."""

    def __call__(self, context: Context) -> Any:
        """Tables of the recipe and hashes of files."""


class Make(Protocol):
    """Runs the stage."""

    def __call__(self, context: Context) -> list[Path]:
        """Returns the files it left."""


@dataclass(frozen=True)
class Stage:
    """One row of the pipeline."""

    name: str
    inputs: Inputs
    make: Make
