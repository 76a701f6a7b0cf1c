"""Mini-batches of lazy inputs, read by worker processes ahead of training.

A worker is given the index list of a whole mini-batch; the lists come from trainers.epoch_batches
and the batches arrive in their order, so neither order nor contents depend on how many work.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from trainers.data.splits import Split
from trainers.epoch_batches import EpochBatches
from trainers.errors import DataError, SpikeportError

Batch = tuple[Tensor, Tensor]


class LazyLoader(DataLoader[Batch | SpikeportError]):
    """Starts its workers with an epoch's first batch, and ends them with its last.

    Batches are lists of inputs and labels, as of torch's TensorDataset.
    """

    def __iter__(self) -> Iterator[list[Tensor]]:  # type: ignore[override]
        # As a generator it starts with the first batch: by then lightning has set the epoch.
        for batch in _while_readers_live(super().__iter__()):
            if isinstance(batch, SpikeportError):
                raise batch
            yield list(batch)

    def check_worker_number_rationality(self) -> None:
        """Passes any number: more readers than cores wait for the disk, and the user chose it."""


def lazy_loader(split: Split, batches: EpochBatches, workers: int) -> LazyLoader:
    """Loads a split's mini-batches in the order of `batches`.

    Raises:
        DataError: while iterating: a sample can't be read.
    """
    return LazyLoader(
        _Samples(split),
        sampler=batches,
        batch_size=None,
        num_workers=workers,
        worker_init_fn=_leave_ctrl_c_to_the_parent,
        # As in trainers.fitting: nothing may be drawn from the global state.
        generator=torch.Generator(),
    )


@contextmanager
def worker_deaths_as_errors() -> Iterator[None]:
    """Turns torch's error about a worker process that died into one line.

    Raises:
        DataError: the system ended a worker, most often for want of memory.
    """
    try:
        yield
    except RuntimeError as error:
        if not str(error).startswith("DataLoader worker (pid"):
            raise
        raise _reader_ended(error) from error


def _while_readers_live(
    batches: Iterator[Batch | SpikeportError],
) -> Iterator[Batch | SpikeportError]:
    try:
        yield from batches
    except (ConnectionError, EOFError, FileNotFoundError) as error:
        # The batch had left its worker, but the memory that holds it is handed over on request.
        raise _reader_ended(error) from error


def _reader_ended(error: Exception) -> DataError:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return DataError(
        f"a process that reads images ended ({reason}). It may have had too little memory or "
        "shared memory (/dev/shm): lower data.workers, or set it to 0."
    )


class _Samples(Dataset[Batch | SpikeportError]):
    """What a worker runs: an index list to a mini-batch."""

    def __init__(self, split: Split) -> None:
        self.split = split

    def __getitem__(self, rows: list[int]) -> Batch | SpikeportError:
        try:
            inputs = self.split.inputs[rows]
        except SpikeportError as error:
            # Handed over as it is: torch would raise it again with a traceback in its text.
            return error
        return torch.from_numpy(inputs), torch.from_numpy(self.split.labels[rows])


def _leave_ctrl_c_to_the_parent(worker: int) -> None:
    # A terminal sends Ctrl-C to all processes at once; the parent ends its workers itself.
    del worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)
