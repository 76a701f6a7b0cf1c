"""Mini-batches: every sample once, in an order that only seed and epoch decide."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from trainers.epoch_batches import EpochBatches, epoch_seed

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
