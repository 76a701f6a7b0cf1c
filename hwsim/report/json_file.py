"""report.json on disk."""

import json
from pathlib import Path

from pydantic import ValidationError

from hwsim.report.model import AnyReport, EmulatedReport, Report, UncostedReport
from trainers.atomic_file import whole_file
from trainers.errors import FileError

MAX_FILE_BYTES = 1 << 26
"""A report of a thousand layers over a thousand steps stays far below this."""


def write_report(report: EmulatedReport, path: Path) -> None:
    """Writes report.json; `path` appears only when the file is complete.

    Raises:
        FileError: the folder can't be written to, or no space is left.
    """
    with whole_file(path) as partial:
        partial.write_text(report.model_dump_json(indent=2) + "\n", encoding="utf-8")


def read_report(path: Path) -> AnyReport:
    """Reads report.json and checks every field; it is uncosted if it says so itself.

    Raises:
        FileError: the file is missing, unreadable, too large or not a report of this format.
    """
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise FileError(f"{path}: {size} bytes exceed {MAX_FILE_BYTES}. Name a report.json.")
        content = path.read_bytes()
        kind = UncostedReport if _says_why_not(content) else Report
        return kind.model_validate_json(content)
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileError(f"{path}: can't be read ({reason}). Name a report.json.") from error
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(str(part) for part in fault["loc"]) or "JSON"
        more = f", and {error.error_count() - 1} more" if error.error_count() > 1 else ""
        raise FileError(
            f"{path}: isn't a report of this version ({place}: {fault['msg']}{more}). "
            "Make the report again."
        ) from error


def _says_why_not(content: bytes) -> bool:
    """Whether the key of an uncosted report is there; damage is named by the full check."""
    try:
        table = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(table, dict) and "no_chip_equivalent" in table
