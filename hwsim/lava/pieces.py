"""Jobs cut into pieces for several workers, and their results put together again."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from export.chip.graph import IntArray
from hwsim.lava.job import LavaJob, LavaLayer, LavaRun

SAMPLES_EACH = 16
"""A worker takes seconds to start: it should have as many samples to run."""


@dataclass(frozen=True)
class Piece:
    """Some samples of a job.

    Args:
        job: its number.
        start: first sample.
        stop: one behind the last.
    """

    job: int
    start: int
    stop: int


def shared_out(jobs: Sequence[LavaJob], workers: int | None) -> list[list[Piece]]:
    """Pieces per worker, about equally many steps each; never more workers than samples.

    Args:
        jobs: what is to be run.
        workers: how many; None starts one per core, each with enough to do.
    """
    if workers is None:
        enough = sum(max(1, job.samples // SAMPLES_EACH) for job in jobs)
        workers = min(len(os.sched_getaffinity(0)), enough)
    workers = min(workers, sum(job.samples for job in jobs))
    total = sum(_steps(job) for job in jobs)
    pieces = [
        piece
        for k, job in enumerate(jobs)
        for piece in _cut(k, job, round(workers * _steps(job) / total))
    ]
    return _assigned(jobs, pieces, workers)


def _steps(job: LavaJob) -> int:
    return job.samples * job.window


def _cut(number: int, job: LavaJob, parts: int) -> list[Piece]:
    edges = np.linspace(0, job.samples, min(max(parts, 1), job.samples) + 1).astype(int)
    return [Piece(number, int(start), int(stop)) for start, stop in pairwise(edges)]


def _assigned(jobs: Sequence[LavaJob], pieces: list[Piece], workers: int) -> list[list[Piece]]:
    """The longest first, each to whoever has least to do."""

    def steps(piece: Piece) -> int:
        return (piece.stop - piece.start) * jobs[piece.job].window

    load = [0] * workers
    shares: list[list[Piece]] = [[] for _ in range(workers)]
    for piece in sorted(pieces, key=steps, reverse=True):
        least = load.index(min(load))
        shares[least].append(piece)
        load[least] += steps(piece)
    return [sorted(share, key=lambda piece: piece.job) for share in shares if share]


def joined(
    job: LavaJob, results: Sequence[tuple[Piece, Path]], versions: Mapping[str, str]
) -> LavaRun:
    """The workers' result files of one job as one run."""
    in_order = sorted(results, key=lambda result: result[0].start)
    parts = [_read(job, piece, path) for piece, path in in_order]
    lag = parts[0][0]
    layers = tuple(
        LavaLayer(*(np.concatenate(states) for states in zip(*layer, strict=True)))
        for layer in zip(*(layers for _, layers in parts), strict=True)
    )
    return LavaRun(job.net, job.reset, lag, layers, versions, job.populations)


def _read(
    job: LavaJob, piece: Piece, path: Path
) -> tuple[tuple[int, ...], list[tuple[IntArray, ...]]]:
    with np.load(path, allow_pickle=False) as arrays:
        lag = tuple(int(first) for first in arrays["lag"])
        layers = [
            tuple(_by_sample(job, piece, arrays[f"{state}{k}"]) for state in "uvs")
            for k in range(len(lag))
        ]
    return lag, layers


def _by_sample(job: LavaJob, piece: Piece, states: IntArray) -> IntArray:
    states = states.astype(np.int64)
    if job.single_run:
        return states
    return states.reshape(piece.stop - piece.start, job.window, *states.shape[1:])
