"""Runs to be compared, read from their folders; report.json is what counts."""

import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hwsim.report.json_file import read_report
from hwsim.report.model import AnyReport, Report
from trainers.errors import ConfigError, FileError

REPORT = "report.json"
CONFIG = "config.toml"
MOST_CONFIG_BYTES = 1 << 20
"""A recipe is a page of text."""


@dataclass(frozen=True)
class Run:
    """One run.

    Args:
        name: as it is called in the comparison; no two are the same.
        path: of its report.json.
        report: its numbers.
        data: the recipe's table [data]; None where the folder has no recipe.
    """

    name: str
    path: Path
    report: AnyReport
    data: dict[str, Any] | None = None

    @property
    def costed(self) -> Report | None:
        """The report of a network that was costed; None of one that no chip could run."""
        return self.report if isinstance(self.report, Report) else None


def read_runs(places: Sequence[Path]) -> tuple[Run, ...]:
    """Reads the runs in the given order.

    Args:
        places: run folders, or report.json files.

    Raises:
        ConfigError: fewer than two, or one of them twice.
        FileError: a folder has no report.json, or it isn't one of this format.
    """
    if len(places) < 2:
        raise ConfigError(
            f"compare: {len(places)} given, two are the fewest. Name two or more run folders."
        )
    paths = [_report_of(place) for place in places]
    twice = [place for place, times in Counter(path.resolve() for path in paths).items()
             if times > 1]  # fmt: skip
    if twice:
        raise ConfigError(f"{twice[0]}: named twice. Name each run once.")
    names = _names(places, paths)
    return tuple(
        Run(name, path, read_report(path), _data(path.parent / CONFIG))
        for name, path in zip(names, paths, strict=True)
    )


def _report_of(place: Path) -> Path:
    if place.suffix == ".json" and not place.is_dir():
        return place
    path = place / REPORT
    if not path.is_file():
        raise FileError(
            f"{place}: no {REPORT} there. Name run folders; `spikeport report DIR` makes it."
        )
    return path


def _names(places: Sequence[Path], paths: Sequence[Path]) -> list[str]:
    """The folders' names; as they were given where two are alike."""
    short = [path.resolve().parent.name if path.name == REPORT else path.stem for path in paths]
    if len(set(short)) == len(short):
        return short
    return [str(place) for place in places]


def _data(path: Path) -> dict[str, Any] | None:
    """The table that names the data set; None for a folder without a recipe."""
    if not path.is_file():
        return None
    try:
        with path.open("rb") as stream:
            content = stream.read(MOST_CONFIG_BYTES)
        table = tomllib.loads(content.decode()).get("data")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileError(f"{path}: not valid TOML ({error}). Run again.") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileError(f"{path}: can't be read ({reason}). Check the file.") from error
    return table if isinstance(table, dict) else None
