"""Mini-batches: every sample once, in an order that only seed and epoch decide."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from trainers.epoch_batches import EpochBatches, epoch_seed
from trainers.processes import Processes

sizes = st.integers(2, 400)
batch_sizes = st.integers(2, 70)
seeds = st.integers(0, 2**63 - 1)
epochs = st.integers(0, 5000)


def batches(
    samples: int, size: int, seed: int, epoch: int, shuffle: bool = True
) -> list[list[int]]:
    """The batches of one epoch."""
    sampler = EpochBatches(samples, size, shuffle=shuffle, seed=seed)
    sampler.set_epoch(epoch)
    found = list(sampler)
    assert len(found) == len(sampler)
    return found


@given(samples=sizes, size=batch_sizes, seed=seeds, epoch=epochs, shuffle=st.booleans())
def test_every_sample_comes_exactly_once(
    samples: int, size: int, seed: int, epoch: int, shuffle: bool
) -> None:
    """Nothing is dropped at the end, nothing repeated, and no batch holds one sample alone."""
    found = batches(samples, size, seed, epoch, shuffle)
    assert sorted(index for batch in found for index in batch) == list(range(samples))
    assert all(2 <= len(batch) <= size + 1 for batch in found)
    assert all(len(batch) == size for batch in found[:-1])


@given(samples=sizes, size=batch_sizes, seed=seeds, epoch=epochs, noise=st.integers(0, 99))
def test_seed_and_epoch_alone_decide_the_order(
    samples: int, size: int, seed: int, epoch: int, noise: int
) -> None:
    """Neither global random state nor the epochs before, so a resumed run continues."""
    expected = batches(samples, size, seed, epoch)
    torch.manual_seed(noise)
    resumed = EpochBatches(samples, size, shuffle=True, seed=seed)
    for earlier in (epoch + 1, epoch):
        resumed.set_epoch(earlier)
        found = list(resumed)
    assert found == expected


def test_epochs_and_seeds_differ() -> None:
    """Five epochs of five seeds are 25 orders."""
    orders = {str(batches(100, 10, seed, epoch)) for seed in range(5) for epoch in range(5)}
    assert len(orders) == 25


def test_without_shuffling_the_order_is_the_data_s() -> None:
    """Validation and test splits are walked in order, in every epoch."""
    assert batches(5, 2, 0, 3, shuffle=False) == [[0, 1], [2, 3, 4]]


def test_drawing_an_order_leaves_global_randomness_alone() -> None:
    """Dropout draws the same whether or not a loader was iterated."""
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    batches(50, 7, 1, 1)
    assert torch.equal(torch.rand(3), expected)


@given(seed=st.integers(-(2**70), 2**70), epoch=epochs)
def test_every_epoch_seed_is_one_that_torch_takes(seed: int, epoch: int) -> None:
    """Also for seeds beyond 64 bits."""
    torch.Generator().manual_seed(epoch_seed(seed, epoch))


@given(samples=sizes, size=batch_sizes, seed=seeds, epoch=epochs, first=st.integers(0, 50))
def test_an_epoch_continues_at_any_batch(
    samples: int, size: int, seed: int, epoch: int, first: int
) -> None:
    """The rest is that of the whole epoch, and the next one starts at its beginning."""
    expected = batches(samples, size, seed, epoch)
    sampler = EpochBatches(samples, size, shuffle=True, seed=seed)
    sampler.set_epoch(epoch)
    sampler.start_at(first)
    assert len(sampler) == len(expected)
    assert list(sampler) == expected[first:]
    assert list(sampler) == expected


@given(samples=st.integers(8, 300), size=st.integers(8, 70), number=st.integers(2, 8), seed=seeds)
def test_processes_share_each_batch(samples: int, size: int, number: int, seed: int) -> None:
    """As many batches for each, sizes that differ by one at most, and no sample twice or never."""
    parts = [
        EpochBatches(samples, size, shuffle=True, seed=seed, processes=Processes(rank, number))
        for rank in range(number)
    ]
    shares = [list(part) for part in parts]
    whole = batches(samples, size, seed, 0)
    assert {len(share) for share in shares} == {len(parts[0])}
    rest = samples % size
    joined = samples > size and 1 < rest < number
    assert len(parts[0]) == len(whole) - joined
    for index in range(len(parts[0]) - 1):
        assert [row for share in shares for row in share[index]] == whole[index]
    assert sorted(row for share in shares for rows in share for row in rows) == list(range(samples))
    for index, rows in enumerate(zip(*shares, strict=True)):
        lengths = [len(own) for own in rows]
        assert max(lengths) - min(lengths) <= 1 <= min(lengths)
        assert lengths == [part.own_size(index) for part in parts]
        assert sum(lengths) == parts[0].size(index)


@given(
    samples=st.integers(8, 300), size=st.integers(8, 70), number=st.integers(1, 8),
    accumulate=st.integers(1, 5),
)  # fmt: skip
def test_every_sample_of_a_step_weighs_the_same(
    samples: int, size: int, number: int, accumulate: int
) -> None:
    """Means of parts, divided as lightning does, weigh each of a step's n samples 1 / n."""
    parts = [
        EpochBatches(samples, size, shuffle=False, processes=Processes(rank, number))
        for rank in range(number)
    ]
    for first in range(0, len(parts[0]), accumulate):
        step = range(first, min(first + accumulate, len(parts[0])))
        together = sum(parts[0].size(index) for index in step)
        for part in parts:
            for index in step:
                of_a_sample = part.loss_weight(index, accumulate) / part.own_size(index)
                assert abs(of_a_sample / (accumulate * number) * together - 1) < 1e-12


def test_equal_batches_of_one_process_weigh_one() -> None:
    """Exactly, so that nothing is multiplied where nothing is shared."""
    sampler = EpochBatches(129, 32, shuffle=True)
    assert [sampler.loss_weight(index, 1) for index in range(4)] == [1, 1, 1, 1]


def test_processes_draw_from_generators_of_their_own() -> None:
    """In every epoch, and the first one as a process alone."""
    assert len({epoch_seed(3, epoch, rank) for epoch in range(50) for rank in range(50)}) == 2500
    assert epoch_seed(3, 7, 0) == epoch_seed(3, 7)
