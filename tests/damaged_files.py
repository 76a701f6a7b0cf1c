"""Files cut short, lengthened or changed byte by byte, and the answer every reader owes to them."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from trainers.errors import DataError, FileError


@st.composite
def damaged(draw: st.DrawFn, content: bytes, start: int = 64) -> bytes:
    """The content with some damage; half of the changed bytes lie in the first `start`."""
    kind = draw(st.sampled_from(["cut", "longer", "changed"]))
    if kind == "cut":
        return content[: draw(st.integers(0, len(content) - 1))]
    if kind == "longer":
        return content + draw(st.binary(min_size=1, max_size=40))
    changed = bytearray(content)
    anywhere = st.integers(0, len(content) - 1)
    for place in draw(st.lists(st.integers(0, start - 1) | anywhere, min_size=1, max_size=4)):
        changed[place] = draw(st.integers(0, 255))
    return bytes(changed)


def refusal(load: Callable[[], Any], path: Path, most_memory: float) -> str | None:
    """Why a loader refused its files, in one line about `path`; None where it took them.

    Either way it must not have held more than `most_memory` bytes at once.
    """
    tracemalloc.start()
    try:
        load()
        message = None
    except (DataError, FileError) as error:
        message = str(error)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < most_memory
    if message is not None:
        assert "\n" not in message
        assert str(path) in message or message.startswith("data set '")
    return message
