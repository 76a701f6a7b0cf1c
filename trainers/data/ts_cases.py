"""Reading a .ts file: labelled time series of one or more channels, also of unequal lengths.

After the header (trainers.data.ts_header) each line is one case: values separated by commas,
channels by colons, and the class name after the last colon.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainers.data.ts_header import TsHeader, header_entry, parse_header
from trainers.errors import DataError

MAX_BYTES = 1 << 30
"""Larger files are refused: text is read whole."""

LINE_MAX = 1 << 22
"""Characters of a line, some 400,000 values."""

Sequence = NDArray[np.float32]


@dataclass(frozen=True)
class Cases:
    """The cases of a file, in its order.

    Args:
        sequences: float32 [T, C] each; T may differ.
        labels: int64 [N], places in `classes`.
        classes: names, in the order of the header.
    """

    sequences: tuple[Sequence, ...]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]

    @property
    def channels(self) -> int:
        """C."""
        return int(self.sequences[0].shape[1])

    @property
    def longest(self) -> int:
        """The largest T."""
        return max(map(len, self.sequences))


def read_cases(path: Path) -> Cases:
    """Reads a file.

    Raises:
        DataError: it's missing, too large or not text, or a line isn't what the format or the
            header says; names the line.
    """
    lines = _lines(path)
    header = _header(path, lines)
    places = {name: place for place, name in enumerate(header.classes)}
    sequences: list[Sequence] = []
    labels: list[int] = []
    channels, steps = header.channels, header.steps
    for number, line in lines:
        where = f"{path}, line {number}"
        *parts, label = line.split(":")
        if label.strip() not in places:
            raise DataError(
                f"{where}: class {label.strip()[:40]!r} isn't among those of @classLabel. Mend "
                "the file."
            )
        sequence = _sequence(where, parts, channels)
        if steps is not None and len(sequence) != steps:
            raise DataError(
                f"{where}: {len(sequence)} steps, but @seriesLength is {steps}. Mend the file."
            )
        channels = sequence.shape[1]
        sequences.append(sequence)
        labels.append(places[label.strip()])
    if not sequences:
        raise DataError(f"{path}: no cases after @data. Fetch the file again.")
    return Cases(tuple(sequences), np.array(labels, np.int64), header.classes)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, without blank ones and comments."""
    if not path.is_file():
        raise DataError(f"{path}: no such file. Name a .ts file.")
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise DataError(
                f"{path}: {size:,} bytes, at most {MAX_BYTES:,} are read. Save it as .npz."
            )
        with path.open(encoding="utf-8", newline="\n") as file:
            number = 0
            while line := file.readline(LINE_MAX + 1):
                number += 1
                if len(line) > LINE_MAX:
                    raise DataError(
                        f"{path}, line {number}: more than {LINE_MAX:,} characters. Save it as "
                        ".npz."
                    )
                text = line.strip()
                if text and not text.startswith("#"):
                    yield number, text
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: isn't UTF-8 text ({error.reason}). Fetch it again.") from error
    except OSError as error:
        raise DataError(f"{path}: can't be read ({error.strerror}). Check the file.") from error


def _header(path: Path, lines: Iterator[tuple[int, str]]) -> TsHeader:
    entries: dict[str, str] = {}
    for number, line in lines:
        if line.lower() == "@data":
            return parse_header(path, entries)
        key = header_entry(path, number, line, entries)
        entries[key] = line.partition(" ")[2]
    raise DataError(f"{path}: no line @data. Name a .ts file, or fetch it again.")


def _sequence(where: str, parts: list[str], channels: int | None) -> Sequence:
    if not parts or (channels is not None and len(parts) != channels):
        raise DataError(
            f"{where}: {len(parts)} channels before the class, expected "
            f"{'at least 1' if channels is None else channels}. Mend the file."
        )
    columns = [_values(f"{where}, channel {place}", part) for place, part in enumerate(parts)]
    lengths = {len(column) for column in columns}
    if len(lengths) > 1:
        raise DataError(
            f"{where}: channels of {min(lengths)} to {max(lengths)} steps. Give all channels of a "
            "case one length."
        )
    # Columns next to each other make one step's values neighbours, as networks take them.
    return np.stack(columns, axis=1)


def _values(where: str, part: str) -> Sequence:
    words = part.split(",")
    try:
        # Python reads 1_000 as a number too.
        if "_" in part:
            raise ValueError
        values = np.array([float(word) for word in words], np.float64)
    except ValueError:
        strange = next(word for word in words if not _is_number(word))
        raise DataError(
            f"{where}: {strange.strip()[:40]!r} isn't a number. Mend the file, or fill in "
            "missing values."
        ) from None
    with np.errstate(over="ignore"):
        singles = values.astype(np.float32)
    wrong = ~np.isfinite(singles)
    if wrong.any():
        raise DataError(
            f"{where}: value {words[int(wrong.argmax())].strip()[:40]} isn't a finite float32. "
            "Mend the file, or fill in missing values."
        )
    return singles


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return "_" not in word
