"""The heaps in which an HDF5 file keeps its strings, checked before the HDF5 library reads them.

The library never comes back from a heap whose object sizes are damaged, not even on Ctrl-C.

Layout (HDF5 file format specification 3.0, section III.E): a collection is `GCOL`, a version, three
reserved bytes and its own size; then objects, each with index (2 bytes), references (2), reserved
(4) and size (8), its data filled up to 8 bytes. Index 0 is the free rest, its size header included.
"""

import mmap
from pathlib import Path

from trainers.errors import FileError

SIGNATURE = b"GCOL\x01\x00\x00\x00"
HEADER_BYTES = 16
"""Of a collection and of each object in it."""


def refuse_damaged_heaps(path: Path) -> None:
    """Raises FileError when a collection's objects don't fit into it, or into the file."""
    if path.stat().st_size == 0:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        start = content.find(SIGNATURE)
        while start >= 0:
            if not _sound(content, start):
                raise FileError(
                    f"{path}: its strings are damaged (heap at byte {start}). Write it again."
                )
            start = content.find(SIGNATURE, start + HEADER_BYTES)


def _sound(content: mmap.mmap, start: int) -> bool:
    end = start + int.from_bytes(content[start + 8 : start + HEADER_BYTES], "little")
    if end > len(content):
        return False
    at = start + HEADER_BYTES
    while end - at >= HEADER_BYTES:
        index = int.from_bytes(content[at : at + 2], "little")
        size = int.from_bytes(content[at + 8 : at + HEADER_BYTES], "little")
        step = size if index == 0 else HEADER_BYTES + -(-size // 8) * 8
        if step < HEADER_BYTES or step > end - at:
            return False
        at += step
    return True
