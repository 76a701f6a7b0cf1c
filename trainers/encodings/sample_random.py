"""Random numbers that depend on a seed and on which sample they are for, on nothing else.

Each sample has a SplitMix64 stream of its own (Steele, Lea, Flood 2014, "Fast splittable
pseudorandom number generators"), so samples may be drawn in any order, in any company and by any
process:

    mix(z):  z ^= z >> 30;  z *= 0xBF58476D1CE4E5B9;  z ^= z >> 27;  z *= 0x94D049BB133111EB;
             z ^= z >> 31                                                   (all modulo 2^64)
    stream(key)[i] = mix(key + (i + 1) * 0x9E3779B97F4A7C15)
    uniform        = its upper 24 bits / 2^24, in [0, 1)
"""

import numpy as np
from numpy.typing import NDArray

from trainers.data.stratified import Indices

Words = NDArray[np.uint64]

GAMMA = np.uint64(0x9E3779B97F4A7C15)
FACTORS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
SHIFTS = (np.uint64(30), np.uint64(27), np.uint64(31))
DROPPED = np.uint64(64 - 24)


def uniform(key: tuple[int, ...], rows: Indices, count: int) -> NDArray[np.float32]:
    """Numbers in [0, 1), multiples of 2^-24, float32 [len(rows), count].

    Args:
        key: whole numbers from 0 below 2^64 that name the draw: seed, epoch and so on.
        rows: the samples' places in their split.
        count: numbers for each sample.
    """
    state = np.zeros(1, np.uint64)
    for part in key:
        state = _mixed(state + GAMMA) + np.uint64(part)
    of_samples = _mixed(_mixed(state + GAMMA) + rows.astype(np.uint64))
    steps = np.arange(1, count + 1, dtype=np.uint64) * GAMMA
    words = _mixed(of_samples[:, None] + steps)
    words >>= DROPPED
    numbers = words.astype(np.float32)
    numbers *= np.float32(2.0**-24)
    return numbers


def _mixed(words: Words) -> Words:
    """The finaliser, in place on an array that the caller gives away."""
    buffer = np.empty_like(words)
    for shift, factor in zip(SHIFTS, (*FACTORS, None), strict=True):
        words ^= np.right_shift(words, shift, out=buffer)
        if factor is not None:
            words *= factor
    return words
