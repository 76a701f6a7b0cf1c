"""Files appear whole or not at all."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trainers.errors import FileError


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Gives a temporary path beside `path`; renames it to `path` when the block ends well.

    The temporary name keeps the suffix, since some writers choose the format by it. On any
    exception, an interrupt included, the temporary file is removed and `path` is left as it was.

    Raises:
        FileError: the folder can't be written to, or no space is left on the device.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            prefix=f".{path.stem}.", suffix=f".partial{path.suffix}", dir=path.parent
        )
        os.close(handle)
    except OSError as error:
        raise cannot_write(path, error) from error
    partial = Path(name)
    try:
        yield partial
        partial.chmod(0o644)
        partial.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        partial.unlink(missing_ok=True)


def cannot_write(path: Path, error: OSError) -> FileError:
    """The one-line error for a write that the operating system refused."""
    reason = error.strerror or str(error)
    remedy = (
        "Free some space or choose another folder with -o"
        if error.errno in (errno.ENOSPC, errno.EDQUOT)
        else "Check the folder and its permissions"
    )
    return FileError(f"{path}: can't be written ({reason}). {remedy}.")
