"""How a download tells how far it is, to whoever wants to show it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

Meter = Callable[[str, int | None], AbstractContextManager[Callable[[int], None]]]
"""Given a file's name and its bytes (None: unknown), gives a function that is told the bytes so
far."""


@contextmanager
def silent(name: str, size: int | None) -> Iterator[Callable[[int], None]]:
    """Shows nothing."""
    del name, size
    yield lambda done: None
