"""Header of a .ts file, the text format of the UCR and UEA time series archives.

Lines of `@key value` up to `@data`; lines that start with # are comments, keys have no case:

| key | value |
|---|---|
| problemName | free text |
| classLabel | true, then the class names; files of regression say false and are refused |
| univariate | true: one channel |
| dimensions (or dimension) | number of channels |
| equalLength, seriesLength | true, then the number of steps of every case |
| timeStamps | false; values with times of their own are refused |
| missing | whether `?` may occur; a case that has one is refused anyway |
| targetLabel | false |

Source: aeon's documentation of the format (aeon-toolkit/aeon, data_format notebook).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from trainers.data.npz_layout import CLASSES_MAX, NAME_MAX
from trainers.errors import DataError

KEYS = (
    "problemname", "timestamps", "missing", "univariate", "dimensions", "dimension",
    "equallength", "serieslength", "classlabel", "targetlabel",
)  # fmt: skip

LARGEST = 1 << 20
"""Channels or steps beyond this are a damaged header."""


@dataclass(frozen=True)
class TsHeader:
    """What a header promises.

    Args:
        classes: names in the order of the file.
        channels: of every case; None where it doesn't say.
        steps: of every case; None where it doesn't say, or where lengths differ.
    """

    classes: tuple[str, ...]
    channels: int | None
    steps: int | None


def header_entry(path: Path, line_number: int, line: str, entries: Mapping[str, str]) -> str:
    """The key of a header line, in lower case.

    Raises:
        DataError: the line has no key, or an unknown one, or one that was there before.
    """
    words = line.split(maxsplit=1)
    key = words[0][1:].lower()
    if not line.startswith("@") or key not in KEYS:
        raise DataError(
            f"{path}, line {line_number}: {line[:40]!r} is no known header line; known are "
            f"@data and @{', @'.join(KEYS)}. Mend the file."
        )
    if key in entries:
        raise DataError(f"{path}, line {line_number}: a second @{key}. Mend the file.")
    return key


def parse_header(path: Path, entries: Mapping[str, str]) -> TsHeader:
    """The header of these entries, key to value.

    Raises:
        DataError: no class names, time stamps, or values that aren't what their key takes.
    """
    for key in ("timestamps", "targetlabel"):
        if _flag(path, entries, key):
            raise DataError(
                f"{path}: @{key} true can't be read here, only classification of evenly sampled "
                "series. Convert the file."
            )
    _flag(path, entries, "missing")
    channels = _count(path, entries, "dimensions") or _count(path, entries, "dimension")
    if _flag(path, entries, "univariate"):
        if channels not in (None, 1):
            raise DataError(f"{path}: @univariate true, but {channels} dimensions. Mend the file.")
        channels = 1
    steps = _count(path, entries, "serieslength")
    if entries.get("equallength", "").strip().lower() == "false" and steps is not None:
        raise DataError(f"{path}: @equalLength false, but @seriesLength {steps}. Mend the file.")
    _flag(path, entries, "equallength")
    return TsHeader(_classes(path, entries.get("classlabel", "")), channels, steps)


def _flag(path: Path, entries: Mapping[str, str], key: str) -> bool:
    word = entries.get(key, "false").strip().lower()
    if word not in ("true", "false"):
        raise DataError(f"{path}: @{key} {word[:40]!r} must be true or false. Mend the file.")
    return word == "true"


def _count(path: Path, entries: Mapping[str, str], key: str) -> int | None:
    if key not in entries:
        return None
    text = entries[key].strip()
    short_number = text.isascii() and text.isdecimal() and len(text) < 10
    if not short_number or not 1 <= int(text) <= LARGEST:
        raise DataError(
            f"{path}: @{key} {text[:40]!r} must be a whole number from 1 to {LARGEST:,}. Mend the "
            "file."
        )
    return int(text)


def _classes(path: Path, value: str) -> tuple[str, ...]:
    flag, *names = value.split() or [""]
    distinct = len(set(names)) == len(names)
    if flag.lower() != "true" or len(names) < 2 or not distinct:
        raise DataError(
            f"{path}: @classLabel {value[:60]!r} must be true and then the names of at least 2 "
            "classes, each once. Only classification can be read here."
        )
    if len(names) > CLASSES_MAX or max(map(len, names)) > NAME_MAX:
        raise DataError(
            f"{path}: @classLabel names {len(names):,} classes, the longest with "
            f"{max(map(len, names))} characters; at most {CLASSES_MAX:,} of {NAME_MAX} are read. "
            "Mend the file."
        )
    return tuple(names)
