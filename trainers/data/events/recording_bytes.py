"""The content of one recording's file, read whole, its size known before."""

from pathlib import Path

from trainers.errors import DataError

MAX_BYTES = 1 << 30
"""1 GiB, some 130 million events of 8 bytes: far beyond a recording of any of these sets."""

REMEDY = "Unpack the archive again."


def read_recording(path: Path) -> bytes:
    """Everything in a file.

    Raises:
        DataError: it is missing, can't be read, is empty or larger than MAX_BYTES.
    """
    try:
        size = path.stat().st_size
        if not 0 < size <= MAX_BYTES:
            raise DataError(
                f"{path}: holds {size:,} bytes, expected 1 to {MAX_BYTES:,} for a recording. "
                f"{REMEDY}"
            )
        with path.open("rb") as file:
            return file.read(size)
    except OSError as error:
        raise DataError(f"{path}: can't be read ({error.strerror}). {REMEDY}") from error
