"""The processes that simulate together, on one machine or several, as torchrun starts them.

Each knows its rank from the environment (RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT) and meets the
others over gloo, torch.distributed's sockets. They meet at `agree` alone: a process that fails says
so there, so that all end together, each knowing why.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hwsim.errors import SimulationError
from trainers.errors import ConfigError

if TYPE_CHECKING:
    from torch import Tensor
    from torch.distributed.distributed_c10d import Store

FAILURE = "spikeport/failure"
FAILED = -1
PIECE_BYTES = 8 << 20
"""Sent at once."""


class OtherRankFailed(SimulationError):
    """Another process failed or ended; its text is that process's own line where it has one."""


@dataclass(frozen=True)
class Ranks:
    """This process among those that simulate together.

    Args:
        rank: which one, from 0; the first writes all files and speaks for all.
        number: how many.
        store: where a failure is told; None for a process on its own.
    """

    rank: int = 0
    number: int = 1
    store: "Store | None" = None

    @property
    def first(self) -> bool:
        """Whether this is the one that writes files and speaks."""
        return self.rank == 0

    def share(self, samples: int, rank: int | None = None) -> slice:
        """The samples of a process (by default of this one): equal parts, the first ones larger."""
        each, more = divmod(samples, self.number)
        rank = self.rank if rank is None else rank
        start = rank * each + min(rank, more)
        return slice(start, start + each + (rank < more))

    def agree(self, value: int = 0) -> list[int]:
        """Waits for all processes and gives what each of them said, by rank.

        Raises:
            OtherRankFailed: one of them failed or ended.
        """
        values = self._exchange(value)
        if FAILED in values:
            raise self._failure()
        return values

    def refuse_differences(self, fingerprint: int, what: str) -> None:
        """Lets processes pass that hold the same.

        Args:
            fingerprint: of what they hold, below 2^63.
            what: they hold, in words.

        Raises:
            ConfigError: they hold different things.
            OtherRankFailed: as of `agree`.
        """
        found = self.agree(fingerprint)
        different = [rank for rank in range(self.number) if found[rank] != fingerprint]
        if different:
            raise ConfigError(
                f"processes {self.rank} and {different[0]} of {self.number}: they were given "
                f"different {what}. Copy the same files to every machine."
            )

    def stop_if_one_failed(self) -> None:
        """Ends work whose result nobody will want; to be called often.

        Raises:
            OtherRankFailed: another process failed.
        """
        if self._failure_is_told():
            self._exchange(FAILED)
            raise self._failure()

    def send(self, array: NDArray[Any]) -> None:
        """Sends an array to the first process, which must `receive` it."""
        import torch.distributed as dist

        for piece in _pieces(array):
            with _connected():
                dist.send(piece, 0)

    def receive(self, array: NDArray[Any], rank: int) -> None:
        """Fills a contiguous array with what another process sends."""
        import torch.distributed as dist

        for piece in _pieces(array):
            with _connected():
                dist.recv(piece, rank)

    def add_received(self, array: NDArray[np.int64], rank: int) -> None:
        """Adds what another process sends to a contiguous array, a piece at a time."""
        import torch
        import torch.distributed as dist

        for piece in _pieces(array):
            received = torch.empty_like(piece)
            with _connected():
                dist.recv(received, rank)
            piece.view(torch.int64).add_(received.view(torch.int64))

    def tell(self, error: Exception) -> None:
        """Tells the others of a failure, which is theirs too, and meets them a last time.

        Raises:
            OtherRankFailed: one of them ended before.
        """
        if self.store is None:
            return
        name = "" if self.first else f"process {self.rank} of {self.number}: "
        with _connected():
            self.store.compare_set(FAILURE, "", f"{name}{' '.join(str(error).split())}")
        self._exchange(FAILED)

    def wait_for_the_first(self) -> None:
        """Waits until the first process has ended, so that it can still say why.

        torchrun ends all processes as soon as one has failed.
        """
        import torch
        import torch.distributed as dist

        if not self.first:
            with suppress(OtherRankFailed), _connected():
                dist.recv(torch.zeros(1), 0)

    def _exchange(self, value: int) -> list[int]:
        if self.store is None:
            return [value]
        import torch
        import torch.distributed as dist

        said = [torch.zeros(1, dtype=torch.int64) for _ in range(self.number)]
        with _connected():
            dist.all_gather(said, torch.tensor([value]))
        return [int(tensor) for tensor in said]

    def _failure_is_told(self) -> bool:
        if self.store is None:
            return False
        with _connected():
            return bool(self.store.check([FAILURE]))

    def _failure(self) -> OtherRankFailed:
        if self.store is not None and self._failure_is_told():
            with _connected():
                return OtherRankFailed(self.store.get(FAILURE).decode())
        return OtherRankFailed(f"one of {self.number} processes failed. Run it alone to see why.")


ALONE = Ranks()


@contextmanager
def _connected() -> Iterator[None]:
    """Turns torch's errors about a closed connection into one line."""
    try:
        yield
    except RuntimeError as error:
        raise OtherRankFailed(
            "another of the processes that simulate together ended before all were done. "
            "What it or torchrun printed says why."
        ) from error


def _pieces(array: NDArray[Any]) -> Iterator["Tensor"]:
    import torch

    values = torch.from_numpy(array.reshape(-1).view(np.uint8))
    yield from values.split(PIECE_BYTES) if len(values) else ()
