"""Chip files: those that ship with the tool, by name, and a user's own, by path."""

import tomllib
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from hwsim.chips.chip import Chip
from hwsim.errors import ChipError

CHIPS = {
    "loihi1": "loihi1.toml",
    "loihi1-fitted": "loihi1-fitted.toml",
    "loihi2": "loihi2.toml",
    "loihi2-fitted": "loihi2-fitted.toml",
}
"""Chips that ship as package data in hwsim/chips; any other is a .toml file of the user's."""

MAX_FILE_BYTES = 1 << 20
"""A chip description is a page of text; anything larger isn't one."""

MAX_FAULTS_TOLD = 20
"""So many faults of a file are told one by one; a file with more isn't a chip description."""

MAX_NAME = 60
"""So much of a stranger's name stands in a message."""

Described = TypeVar("Described", bound=BaseModel)


def load_chip(name_or_path: str | Path) -> Chip:
    """Reads a chip that ships with the tool, by name, or the user's own, by path to a .toml file.

    Raises:
        ChipError: no such chip or file, or the description has faults: all of them in one line.
    """
    return load_described(name_or_path, CHIPS, Chip, "chip")


def load_described(
    name_or_path: str | Path, shipped: dict[str, str], model: type[Described], kind: str
) -> Described:
    """Reads a chip or device file.

    Args:
        name_or_path: a name among `shipped`, or the path of a .toml file.
        shipped: name -> file in hwsim/chips.
        model: what the file describes.
        kind: "chip" or "device", for messages.

    Raises:
        ChipError: no such name or file, or the description has faults: all of them in one line.
    """
    file = _find(name_or_path, shipped, kind)
    description = _parse(file, kind)
    faults = [*_source_faults(description)]
    try:
        described = model.model_validate(description)
    except ValidationError as error:
        faults = [*_shape_faults(error), *faults]
    if faults:
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        told = "; ".join(faults[:MAX_FAULTS_TOLD]) + (
            "; ..." if len(faults) > MAX_FAULTS_TOLD else ""
        )
        raise ChipError(f"{file}: {count}: {told}. Correct the {kind} file.")
    return described


def _find(name_or_path: str | Path, shipped: dict[str, str], kind: str) -> Traversable:
    if str(name_or_path) in shipped:
        return resources.files("hwsim.chips").joinpath(shipped[str(name_or_path)])
    path = Path(name_or_path)
    if path.suffix != ".toml":
        known = ", ".join(shipped)
        raise ChipError(f"{kind} '{name_or_path}': unknown. Known: {known}; or name a .toml file.")
    if not path.is_file():
        raise ChipError(f"{path}: no such file. Name an existing {kind} .toml file.")
    return path


def _parse(file: Traversable, kind: str) -> dict[str, Any]:
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            raise ChipError(
                f"{file}: larger than {MAX_FILE_BYTES} bytes. Name a {kind} .toml file."
            )
        return tomllib.loads(content.decode())
    except RecursionError as error:
        raise ChipError(
            f"{file}: isn't TOML that nests sensibly. Correct the {kind} file."
        ) from error
    except ValueError as error:  # of decoding, of TOML, and of integers with too many digits
        raise ChipError(f"{file}: isn't TOML ({error}). Correct the {kind} file.") from error
    except OSError as error:
        raise ChipError(f"{file}: can't be read ({error.strerror}). Check the file.") from error


def _shape_faults(error: ValidationError) -> Iterator[str]:
    wording = {"missing": "is missing", "extra_forbidden": "unknown key"}
    for fault in error.errors():
        place = ".".join(str(part)[:MAX_NAME] for part in fault["loc"])
        yield f"{place}: {wording.get(fault['type'], fault['msg'])}"


def _source_faults(table: dict[str, Any]) -> Iterator[str]:
    """Constants whose source is no key of [sources], found even where other faults stand."""
    sources = table.get("sources")
    known = set(sources) if isinstance(sources, dict) else set()
    for section, entries in table.items():
        if section == "sources" or not isinstance(entries, dict):
            continue
        for key, constant in entries.items():
            source = constant.get("source") if isinstance(constant, dict) else None
            if isinstance(source, str) and source not in known:
                place = f"{section[:MAX_NAME]}.{key[:MAX_NAME]}.source"
                yield f"{place}: '{source[:MAX_NAME]}' isn't a key of [sources]"
