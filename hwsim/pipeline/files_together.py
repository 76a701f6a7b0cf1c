"""Several files of a run folder that belong together: all appear, or none."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def all_or_none(folder: Path) -> Iterator[Path]:
    """A folder to write files into; when the block ends well, they move into the run folder.

    Args:
        folder: of the run, on the same disk.

    Raises:
        OSError: the folder can't be written to.
    """
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=folder) as scratch:
        yield Path(scratch)
        for path in sorted(Path(scratch).iterdir()):
            os.replace(path, folder / path.name)
