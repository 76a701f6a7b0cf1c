"""Several processes with one voice: only the first prints what went wrong."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hwsim.sharding.ranks import Ranks

BAD_INPUT = 2
INTERRUPTED = 130


@contextmanager
def one_voice() -> "Iterator[Ranks]":
    """Meets the processes that torchrun started, if it did, while the block lasts.

    A failure of one ends all. Its line is the first one's to print, the others exit in silence.
    """
    from hwsim.sharding.joining import joined_ranks, rank_of_environment
    from trainers.errors import SpikeportError, SpikeportWarning

    if rank_of_environment()[0] == 0:
        with joined_ranks() as ranks:
            yield ranks
        return
    try:
        with warnings.catch_warnings(), joined_ranks() as ranks:
            warnings.simplefilter("ignore", SpikeportWarning)
            yield ranks
    except (SpikeportError, OSError):
        raise SystemExit(BAD_INPUT) from None
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None
