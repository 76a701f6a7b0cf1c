"""How much memory and time reading a stranger's file may take."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from trainers.errors import ConfigError

GIB = 1 << 30

MOST_GIB = 17
"""The readers refuse files that claim more than 16 GiB; one more for the libraries."""

LEAST_GIB = 1

SECONDS = 20
BYTES_PER_SECOND = 4_000_000
"""Computing time for any file, and what is added for its size: compressed data takes longest."""

PATIENCE = 4
"""Seconds on the clock for one of computing, since disks are slow and processors shared."""

MEMORY_VARIABLE = "SPIKEPORT_READ_GIB"
TIME_VARIABLE = "SPIKEPORT_READ_SECONDS"


@dataclass(frozen=True)
class Limits:
    """Of the process that opens files first.

    Args:
        memory_bytes: that it may write to.
        computing_s: processor time.
        waiting_s: time on the clock.
    """

    memory_bytes: int
    computing_s: int
    waiting_s: int


def limits_for(paths: Iterable[Path]) -> Limits:
    """Half of the machine's memory within 1 to 17 GiB, and 20 s with 1 s more per 4 MB of file.

    Raises:
        ConfigError: SPIKEPORT_READ_GIB or SPIKEPORT_READ_SECONDS isn't a positive whole number.
    """
    sizes = [_bytes_of(path) for path in paths]
    seconds = sum(_asked(TIME_VARIABLE) or SECONDS + size // BYTES_PER_SECOND for size in sizes)
    memory = (_asked(MEMORY_VARIABLE) or 0) * GIB or _usual_memory()
    return Limits(memory, seconds, PATIENCE * seconds)


def _bytes_of(path: Path) -> int:
    """The file's, and an ONNX model's data in a second one."""
    data = path.with_name(f"{path.name}.data")
    return sum(part.stat().st_size for part in (path, data) if part.is_file())


def _usual_memory() -> int:
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min(MOST_GIB * GIB, max(LEAST_GIB * GIB, physical // 2))


def _asked(variable: str) -> int | None:
    text = os.environ.get(variable)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 1 << 20):
        raise ConfigError(f"{variable}={text}: expected a whole number from 1 to {(1 << 20) - 1}.")
    return int(text)
