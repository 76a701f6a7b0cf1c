"""Drawing samples so that every class keeps its share: validation splits and smaller subsets."""

import numpy as np
from numpy.typing import NDArray

from trainers.errors import DataError

Indices = NDArray[np.intp]


def draw(labels: NDArray[np.int64], samples: int, seed: int, what: str) -> Indices:
    """Indices of a stratified subset, in rising order.

    Each class gives its share of `samples`, rounded down; what is missing then goes to the largest
    remainders, to the lower label where they are equal.

    Args:
        labels: of all samples, [N].
        samples: size of the subset.
        seed: of the choice within each class.
        what: names the data set and the option in messages.

    Raises:
        DataError: fewer samples than classes or more than there are.
    """
    _, members, counts = np.unique(labels, return_inverse=True, return_counts=True)
    if not len(counts) <= samples <= len(labels):
        raise DataError(
            f"{what}: {samples:,} can't be drawn from {len(labels):,} samples of {len(counts)} "
            f"classes. Ask for {len(counts)} to {len(labels):,}."
        )
    # numpy keeps the stream of this older generator the same in all its versions.
    generator = np.random.RandomState(seed)
    chosen = [
        generator.permutation(np.flatnonzero(members == index))[:share]
        for index, share in enumerate(_shares(counts, samples))
    ]
    return np.sort(np.concatenate(chosen))


def hold_out(
    labels: NDArray[np.int64], samples: int, seed: int, what: str
) -> tuple[Indices, Indices]:
    """Splits all indices into (what stays, a stratified subset held out), both in rising order.

    Raises:
        DataError: as of `draw`, or a class would have no sample left.
    """
    held = draw(labels, samples, seed, what)
    stays = np.setdiff1d(np.arange(len(labels)), held, assume_unique=True)
    lost = np.setdiff1d(labels, labels[stays])
    if len(lost):
        raise DataError(
            f"{what}: holding out {samples:,} of {len(labels):,} samples leaves none of class "
            f"{lost[0]}. Hold out fewer, or add samples of that class."
        )
    return stays, held


def _shares(counts: NDArray[np.intp], samples: int) -> NDArray[np.intp]:
    shares, remainders = np.divmod(counts * samples, counts.sum())
    missing = samples - int(shares.sum())
    shares[np.argsort(-remainders, kind="stable")[:missing]] += 1
    return shares
