"""The SQLite file of a sweep, as optuna's storage."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import optuna
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from hwsim.errors import SweepError

PATIENCE_S = 60.0
"""How long to wait for another worker's write."""


def open_storage(path: Path) -> RDBStorage:
    """Opens or makes the file; of several workers one at a time.

    Raises:
        SweepError: it is damaged, of another version of optuna, or can't be read.
    """
    # Its lines would stand between the progress bar and the table.
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with storage_faults(path):
            # A path in a URL would have to be escaped; SQLite itself takes it as it is.
            return RDBStorage(
                "sqlite://",
                engine_kwargs={
                    "creator": lambda: sqlite3.connect(path, timeout=PATIENCE_S),
                    "poolclass": NullPool,
                },
            )
    except RuntimeError as error:
        # Its tables are of another version.
        raise SweepError(
            f"{path}: {str(error).splitlines()[0]} Start the sweep over with --restart."
        ) from error


@contextmanager
def storage_faults(path: Path) -> Iterator[None]:
    """Turns what optuna and SQLAlchemy raise about the file into one line."""
    try:
        yield
    except (SQLAlchemyError, StorageInternalError) as error:
        cause = error.__cause__ or error
        reason = str(getattr(cause, "orig", cause)).splitlines()[0]
        raise SweepError(
            f"{path}: can't be used ({reason}). Check the file and the free space, or start the "
            "sweep over with --restart."
        ) from error
