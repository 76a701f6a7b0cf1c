"""The text that an AEDAT file begins with: lines that start with #, the first names the version."""

from pathlib import Path

from trainers.data.events.recording_bytes import REMEDY
from trainers.errors import DataError

MAX_BYTES = 1 << 16


def after_version(path: Path, content: bytes, version: str) -> int:
    """Where the line after the first begins.

    Raises:
        DataError: the first line doesn't name this version.
    """
    expected = f"#!AER-DAT{version}"
    first = content[: content.find(b"\n", 0, MAX_BYTES) + 1]
    if first.rstrip() != expected.encode():
        shown = ascii(bytes(content[:16]))[2:-1]
        raise DataError(
            f"{path}: starts with '{shown}', expected a line '{expected}'. Other versions of AEDAT "
            f"aren't read. {REMEDY}"
        )
    return len(first)


def line_end(path: Path, content: bytes, start: int) -> int:
    """Where the line after the one that begins at `start` begins.

    Raises:
        DataError: the line or the whole header is too long.
    """
    end = content.find(b"\n", start, MAX_BYTES) + 1
    if not end:
        raise DataError(
            f"{path}: its header doesn't end within {min(len(content), MAX_BYTES):,} bytes. "
            f"{REMEDY}"
        )
    return end
