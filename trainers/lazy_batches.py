"""Mini-batches of lazy inputs, read by worker processes ahead of training.

A worker is given the epoch and the index list of a whole mini-batch; the lists come from
trainers.epoch_batches and the batches arrive in their order, so neither order nor contents depend
on how many work.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from trainers.data.epoch_inputs import inputs_in_epoch
from trainers.data.splits import Split
from trainers.epoch_batches import EpochBatches
from trainers.epoch_loader import EpochLoader
from trainers.errors import DataError, SpikeportError

Batch = tuple[Tensor, Tensor]


class LazyLoader(EpochLoader[Batch | SpikeportError]):
    """Starts its workers with an epoch's first batch, and ends them with its last.

    Batches are lists of inputs and labels, as of torch's TensorDataset.
    """

    def read(self) -> Iterator[list[Tensor]]:
        """Mini-batches as their workers hand them over.

        Raises:
            DataError: a sample can't be read, or a worker died.
        """
        for batch in _while_readers_live(super().read()):
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
        batches,
        sampler=_Tasks(batches),
        num_workers=workers,
        worker_init_fn=_leave_ctrl_c_to_the_parent,
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


class _Tasks(Sampler[tuple[int, list[int]]]):
    """Each index list with its epoch: a worker may outlive the epoch that it was started in."""

    def __init__(self, batches: EpochBatches) -> None:
        self.batches = batches

    def set_epoch(self, epoch: int) -> None:
        """Called by lightning at the start of each epoch."""
        self.batches.set_epoch(epoch)

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[tuple[int, list[int]]]:
        for rows in self.batches:
            yield self.batches.epoch, rows


class _Samples(Dataset[Batch | SpikeportError]):
    """What a worker runs: epoch and index list to a mini-batch."""

    def __init__(self, split: Split) -> None:
        self.split = split

    def __getitem__(self, task: tuple[int, list[int]]) -> Batch | SpikeportError:
        epoch, rows = task
        try:
            inputs = inputs_in_epoch(self.split.inputs, epoch)[rows]
        except SpikeportError as error:
            # Handed over as it is: torch would raise it again with a traceback in its text.
            return error
        return torch.from_numpy(inputs), torch.from_numpy(self.split.labels[rows])


def _leave_ctrl_c_to_the_parent(worker: int) -> None:
    # A terminal sends Ctrl-C to all processes at once; the parent ends its workers itself.
    del worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)
