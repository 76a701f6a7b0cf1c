"""What pydantic found wrong, one clause per fault, each with its place."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

LONGEST_VALUE = 60
"""Characters of a refused value that a message shows."""

Model = TypeVar("Model", bound=BaseModel)


def checked(model: type[Model], values: Any, place: str, faults: list[str]) -> Model | None:
    """The validated model, or None with its faults added to the list."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        faults += faults_of(error, place)
        return None


def faults_of(error: ValidationError, place: str = "", skip: tuple[str, ...] = ()) -> list[str]:
    """One clause per fault, `place.key: what (got value)`.

    Args:
        error: of pydantic.
        place: dotted path of the validated table; empty at the top.
        skip: top-level keys whose faults are reported elsewhere.
    """
    return [
        f"{_dotted(place, fault['loc'])}: {_clause(fault)}"
        for fault in error.errors()
        if not (fault["loc"] and fault["loc"][0] in skip)
    ]


def unknown(place: str, name: Any, table: Mapping[str, Any]) -> str:
    """The clause for a name that a table doesn't have."""
    return f"{place}: unknown {_short(name)}; known: {', '.join(sorted(table))}"


def checked_by_name(
    table: dict[str, Any], place: str, rows: Mapping[str, Any], faults: list[str]
) -> tuple[str, Any] | None:
    """The `name` of a row and its validated options, all other keys; None for an unknown name.

    Args:
        table: of a recipe.
        place: the table's own name.
        rows: what it chooses from; each row has an `options` model.
        faults: of the whole recipe.
    """
    name = table.get("name")
    if not isinstance(name, str) or name not in rows:
        faults.append(unknown(f"{place}.name", name, rows))
        return None
    others = {key: value for key, value in table.items() if key != "name"}
    return name, checked(rows[name].options, others, place, faults)


def _dotted(place: str, location: Iterable[int | str]) -> str:
    return ".".join(str(part) for part in (place, *location) if part != "")


def _clause(fault: Any) -> str:
    if fault["type"] == "extra_forbidden":
        return "unknown key"
    if fault["type"] == "value_error":
        return str(fault["ctx"]["error"])
    message = str(fault["msg"])
    return f"{message[0].lower()}{message[1:]} (got {_short(fault['input'])})"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}..."
