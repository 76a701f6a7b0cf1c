"""Sums over ranks: two real processes, whose statistics become those of the whole mini-batch."""

import multiprocessing
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
import torch
from torch import Tensor, distributed

from trainers.methods.deeptage import TemporalAdaptiveGradient
from trainers.methods.two import AccuracyReadout
from trainers.rank_sum import summed_over_ranks

PATIENCE = timedelta(minutes=2)
"""How long a rank waits for another that has failed."""

SHARES = (3, 5)
"""Samples per rank: unequal, so that a mean of means would differ."""

Measured = tuple[list[float], list[int], list[float]]


def distances(step: int) -> Tensor:
    """All ranks' samples [8, 4], float64; another set at each step."""
    return torch.randn(8, 4, generator=torch.Generator().manual_seed(step)).double() * (step + 1)


def outputs() -> tuple[Tensor, Tensor]:
    """All ranks' currents [2, 8, 3] and labels."""
    generator = torch.Generator().manual_seed(5)
    return torch.randn(2, 8, 3, generator=generator), torch.arange(8) % 3


def measure(*, sync: bool, samples: slice) -> Measured:
    """Growth at step 1, counts after one batch, and step weights after the epoch."""
    surrogate = TemporalAdaptiveGradient(w=1.0, sync_statistics=sync).double()
    growths = [float(surrogate.growth(distances(step)[samples], step)) for step in (0, 1)]
    readout = AccuracyReadout(2, alpha=1.0, sync_statistics=sync)
    currents, labels = outputs()
    readout.observe(currents[:, samples], labels[samples])
    counts = [*readout.correct.tolist(), int(readout.seen)]
    readout.start_epoch(1)
    return growths, counts, readout.step_weights.tolist()


def one_rank(rank: int, rendezvous: str) -> tuple[list[int], list[int], Measured, Measured]:
    """What a process of the run does: a sum, and measures with and without synchronising."""
    distributed.init_process_group(
        "gloo", init_method=f"file://{rendezvous}", rank=rank, world_size=2, timeout=PATIENCE
    )
    try:
        own = slice(0, SHARES[0]) if rank == 0 else slice(SHARES[0], None)
        values = torch.tensor([rank + 1, 10])
        total = summed_over_ranks(values)
        together = measure(sync=True, samples=own)
        if rank == 0:
            # Only here: it would wait in vain if evaluation asked the other process.
            surrogate = TemporalAdaptiveGradient(sync_statistics=True).double().eval()
            surrogate.derivative(distances(0), torch.zeros(1, dtype=torch.float64), 0)
        return total.tolist(), values.tolist(), together, measure(sync=False, samples=own)
    finally:
        distributed.destroy_process_group()


def answer(rank: int, rendezvous: str, pipe: Connection) -> None:
    """The other process."""
    pipe.send(one_rank(rank, rendezvous))


def test_two_ranks_have_the_statistics_of_one_batch(tmp_path: Path) -> None:
    """Growth, counts and step weights equal those of a single process with all samples.

    Without sync_statistics each rank has those of its own samples.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    other = context.Process(target=answer, args=(1, str(tmp_path / "meet"), sender))
    other.start()
    sender.close()
    ranks = [one_rank(0, str(tmp_path / "meet")), receiver.recv()]
    other.join()
    assert other.exitcode == 0
    whole = measure(sync=False, samples=slice(None))
    for rank, (total, values, together, alone) in enumerate(ranks):
        assert (total, values) == ([3, 20], [rank + 1, 10])
        assert together[0] == pytest.approx(whole[0], rel=1e-12)
        assert together[1:] == whole[1:]
        assert alone[0] != pytest.approx(whole[0], rel=1e-3)
        assert alone[1][-1] == SHARES[rank]


def test_a_run_of_one_has_its_own_sums() -> None:
    """Without an initialised group nothing is exchanged."""
    values = torch.tensor([1, 2])
    assert summed_over_ranks(values) is values
