"""Stratified draws: the right number, every class in its share, the same every time."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedShuffleSplit

from trainers.data.stratified import draw, hold_out
from trainers.errors import DataError

BALANCED = np.repeat(np.arange(10), 60)


@given(
    counts=st.lists(st.integers(1, 40), min_size=2, max_size=8),
    share=st.fractions(0, 1),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_class_has_its_share_within_one(
    counts: list[int], share: Fraction, seed: int
) -> None:
    """Exact shares in rational arithmetic; indices rise, so none is drawn twice."""
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    samples = max(len(counts), int(share * len(labels)))
    chosen = draw(labels, samples, seed, "it")
    assert len(chosen) == samples
    assert (np.diff(chosen) > 0).all()
    for label, count in enumerate(counts):
        exact = Fraction(count * samples, len(labels))
        assert abs(int((labels[chosen] == label).sum()) - exact) < 1


def test_shares_agree_with_scikit_learn() -> None:
    """Class by class, as many of each as StratifiedShuffleSplit takes, where no shares tie."""
    labels = np.repeat(np.arange(5), [7, 19, 41, 66, 113])
    for samples in (11, 50, 97):
        split = StratifiedShuffleSplit(1, train_size=samples, random_state=0)
        theirs, _ = next(split.split(labels, labels))
        ours = draw(labels, samples, 0, "it")
        np.testing.assert_array_equal(np.bincount(labels[ours]), np.bincount(labels[theirs]))


def test_equal_remainders_go_to_the_lower_labels() -> None:
    """25 of ten equal classes: two each, and a third of the first five."""
    chosen = draw(BALANCED, 25, 0, "it")
    assert np.bincount(BALANCED[chosen]).tolist() == [3] * 5 + [2] * 5


def test_the_seed_alone_decides() -> None:
    """Not numpy's global state; another seed draws others; these numbers never change."""
    np.random.seed(99)
    first = draw(BALANCED, 20, 7, "it")
    np.testing.assert_array_equal(first, draw(BALANCED, 20, 7, "it"))
    assert not np.array_equal(first, draw(BALANCED, 20, 8, "it"))
    generator = np.random.RandomState(7)
    assert set(first[:2]) == set(generator.permutation(60)[:2])


def test_holding_out_splits_all_indices() -> None:
    """Both parts together are every index once."""
    stays, held = hold_out(BALANCED, 100, 1, "it")
    assert np.bincount(BALANCED[held]).tolist() == [10] * 10
    assert sorted([*stays, *held]) == list(range(600))


@pytest.mark.parametrize("samples", [0, 9, 601])
def test_impossible_sizes_are_refused(samples: int) -> None:
    """Fewer than a sample per class, or more than there are."""
    with pytest.raises(DataError, match=rf"it: {samples} can't .* 600 samples of 10 .* 10 to 600"):
        draw(BALANCED, samples, 0, "it")


def test_a_class_must_keep_a_sample() -> None:
    """Held out to the last one, a class couldn't be learnt."""
    labels = np.array([0] * 10 + [4])
    with pytest.raises(DataError, match=r"it: holding out 8 of 11 samples leaves none of class 4"):
        hold_out(labels, 8, 0, "it")
