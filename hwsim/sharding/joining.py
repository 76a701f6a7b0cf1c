"""Meeting the processes that torchrun started, and parting from them, whatever happens between."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import FrameType

from hwsim.sharding.ranks import ALONE, OtherRankFailed, Ranks
from trainers.errors import ConfigError, SpikeportError

MEETING = timedelta(minutes=10)
"""For all processes to start."""

WAITING = timedelta(days=7)
"""For the slowest process; one that ends is noticed at once, by its closed connection."""


def rank_of_environment() -> tuple[int, int]:
    """This process's rank and the number of processes; (0, 1) where nobody started several.

    Raises:
        ConfigError: the variables contradict each other.
    """
    stated = {name: os.environ.get(name) for name in ("RANK", "WORLD_SIZE")}
    if None in stated.values() or stated["WORLD_SIZE"] == "1":
        return 0, 1
    try:
        rank, number = (int(value or "") for value in stated.values())
    except ValueError:
        rank, number = 0, 0
    if not 0 <= rank < number:
        raise ConfigError(
            f"RANK={stated['RANK']} and WORLD_SIZE={stated['WORLD_SIZE']} in the environment name "
            "no process among several. Start with torchrun, or unset both."
        )
    return rank, number


@contextmanager
def joined_ranks() -> Iterator[Ranks]:
    """Gives this process's rank while the block lasts; a failure of one ends the block in all.

    Raises:
        ConfigError: the environment doesn't say how to meet the others, or they don't come.
        OtherRankFailed: another process failed or ended.
    """
    rank, number = rank_of_environment()
    if number == 1:
        yield ALONE
        return
    ranks = _met(rank, number)
    with _interrupted_by_sigterm():
        try:
            yield ranks
            ranks.agree()
        except OtherRankFailed:
            ranks.wait_for_the_first()
            raise
        except (SpikeportError, OSError) as error:
            ranks.tell(error)
            ranks.wait_for_the_first()
            raise
        import torch.distributed as dist

        dist.destroy_process_group()


def _met(rank: int, number: int) -> Ranks:
    import torch.distributed as dist
    from torch.distributed.rendezvous import rendezvous

    try:
        store, _, _ = next(iter(rendezvous("env://", timeout=MEETING)))
        dist.init_process_group("gloo", store=store, rank=rank, world_size=number, timeout=WAITING)
    except (RuntimeError, ValueError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ConfigError(
            f"process {rank} of {number}: can't meet the others ({reason}). Start all with "
            "torchrun, with the same --master-addr and --master-port."
        ) from error
    return Ranks(rank, number, store)


@contextmanager
def _interrupted_by_sigterm() -> Iterator[None]:
    """Makes torchrun's SIGTERM an interrupt, after which files are tidied up as after Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise KeyboardInterrupt
