"""Files that Lava runs otherwise than they say: read as Lava runs them, value for value."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from export.chip.graph import ChipGraph, IntArray
from export.chip.netx_notes import ReadingNote
from export.chip.netx_read import read_netx_reported
from hwsim.engine.simulate import simulate
from hwsim.lava.compare import compare
from hwsim.lava.job import LavaJob, LavaRun
from hwsim.lava.runner import run_lava_jobs
from tests.foreign_netx import CONV, DENSE, FLATTEN, INPUT, Spelling, changed, netx

STEPS = 24
RNG = np.random.default_rng(7)
QUICK: Spelling = {"neuron__iDecay": 2000, "neuron__vDecay": 900, "neuron__vThMant": 90}


def dense(weight: object, **fields: object) -> Spelling:
    """A dense layer that fires under these weights."""
    matrix = np.asarray(weight)
    return changed(DENSE, shape=[len(matrix)], weight=matrix, **(QUICK | fields))


def looped(weight: object, back: object, **fields: object) -> Spelling:
    """A dense layer with weights onto itself."""
    return dense(weight, type=b"dense_rec", weight_rec=np.asarray(back), **fields)


def drawn(low: int, high: int, *shape: int, even: int = 0) -> IntArray:
    """Random integers in [low, high), the last bits zero."""
    return np.asarray(RNG.integers(low, high, shape) >> even << even, dtype=np.int64)


def power_of_two(exponent: int, even: int) -> IntArray:
    """No positive weight, and the smallest minus a power of two."""
    weight = drawn(-(2**exponent), 0, 4, 6, even=min(even, exponent))
    weight[1, 2] = -(2**exponent)
    return weight


MIXED = drawn(-60, 120, 4, 6)
PUSH = np.full((3, 6), 30)
MAPS = changed(CONV, weight=drawn(-40, 60, 4, 2, 2, 2), **QUICK)
READ = changed(DENSE, weight=drawn(-20, 40, 3, 24), **QUICK)

FILES: dict[str, tuple[Spelling, ...]] = {
    "refDelay": (dense(MIXED, neuron__refDelay=4),),
    "wgtExp": (dense(MIXED, neuron__wgtExp=-2),),
    "gradedSpike": (dense(MIXED, neuron__gradedSpike=True),),
    "fractions": (dense(MIXED + RNG.uniform(-0.99, 0.99, (4, 6)), bias=[1.9, -1.9, 0.5, 3.0]),),
    "conv fractions": (INPUT, changed(MAPS, weight=RNG.uniform(-60, 90, (4, 2, 2, 2)))),
    "conv bias wraps": (INPUT, changed(MAPS, bias=[65540, -65545, 65536, 65537])),
    "conv delay": (INPUT, changed(MAPS, delay=5), FLATTEN, READ),
    "bias wraps": (dense(MIXED, bias=[40000, -40000, 65546, -65566]),),
    "delays clamped": (dense(MIXED, delay=drawn(50, 80, 4, 6)),),
    "delays cut off": (dense(MIXED, delay=RNG.uniform(0, 4, (4, 6))),),
    "mixed clipped": (dense(drawn(-400, 400, 4, 6)),),
    "one beyond": (dense(np.where(MIXED > 100, 999, MIXED)),),
    "never fires": (dense(MIXED, neuron__vThMant=200000, bias=[32767] * 4),),
    "no neuron": ({k: v for k, v in dense(MIXED, bias=[9] * 4).items() if "neuron" not in k},),
    "too positive": (dense(drawn(0, 400, 4, 6)),),
    "too negative": (dense(drawn(-400, 0, 4, 6), bias=[500] * 4),),
    "odd with a zero": (dense([[-201, 0, -2], [-7, -9, -1]], bias=[500] * 2),),
    "one half per row": (dense([[-128, 0, -3], [-7, -128, 0]], bias=[500] * 2),),
    "loop": (looped(drawn(-50, 90, 3, 6), drawn(-60, 60, 3, 3)),),
    "loop clipped": (looped(drawn(-50, 90, 3, 6), drawn(-600, 600, 3, 3)),),
    "loop of one sign": (looped(PUSH, drawn(-30, 0, 3, 3), bias=[3] * 3),),
    "odd loop of one sign": (looped(PUSH + drawn(100, 170, 3, 6), drawn(-30, 0, 3, 3)),),
    "loop minus a power": (looped(drawn(-50, 90, 3, 6, even=1), [[-128, 0, -64]] * 3),),
    "loop minus small": (looped(PUSH // 15, [[-4, -2, 0]] * 3, bias=[30] * 3),),
    "loop without neurons": (
        {k: v for k, v in looped(PUSH, drawn(-9, 9, 3, 3)).items() if "neuron" not in k},
    ),
} | {
    f"minus 2^{exponent}, {even} zero bits": (
        dense(power_of_two(exponent, even), bias=[2 ** (exponent + 2)] * 4),
    )
    for exponent in range(9)
    for even in (1, 2, 3)
    if even <= exponent
} | {
    f"all minus 2^{exponent}": (dense(np.full((2, 3), -(2**exponent)), bias=[500] * 2),)
    for exponent in range(9)
}  # fmt: skip


@dataclass(frozen=True)
class Both:
    """A file as read, and as Lava ran it."""

    graph: ChipGraph
    notes: tuple[ReadingNote, ...]
    inputs: IntArray
    lava: LavaRun


EXACT = {"loop", "loop of one sign", "one half per row"}
"""Files that Lava runs as they say."""

QUICK_FILES = ("conv delay", "loop clipped", "minus 2^7, 1 zero bits")


def in_both(names: tuple[str, ...], folder: Path) -> dict[str, Both]:
    """Files read, and run through one Lava process."""
    paths = {name: netx(folder / f"{k}.net", *FILES[name]) for k, name in enumerate(names)}
    read = {name: read_netx_reported(path) for name, path in paths.items()}
    inputs = {
        name: RNG.integers(0, 2, (STEPS, *graph.input.shape)) for name, (graph, _) in read.items()
    }
    jobs = [LavaJob(paths[name], inputs[name], reset="none", steps=STEPS) for name in names]
    runs = run_lava_jobs(jobs)
    return {
        name: Both(*read[name], inputs[name], run) for name, run in zip(names, runs, strict=True)
    }


def assert_read_as_lava_runs(files: dict[str, Both]) -> None:
    """u, v and spikes at every step; where Lava departs from a file, a note says so."""
    for name, file in files.items():
        trace = simulate(file.graph, file.inputs[None], reset="none", steps=STEPS, record=True)
        comparison = compare(trace, file.lava)
        assert comparison.identical, f"{name}: {comparison}"
        assert bool(file.notes) == (name not in EXACT), f"{name}: {file.notes}"
        assert all("\n" not in str(note) for note in file.notes)


def test_some_files_are_read_as_lava_runs_them(tmp_path: Path) -> None:
    """One of each kind: ignored, clipped, corrupted."""
    assert_read_as_lava_runs(in_both(QUICK_FILES, tmp_path))


@pytest.mark.slow
def test_all_files_are_read_as_lava_runs_them(tmp_path: Path) -> None:
    """Every trap, among them at least 20 inhibitory matrices that Lava corrupts."""
    files = in_both(tuple(FILES), tmp_path)
    assert_read_as_lava_runs(files)
    corrupted = [name for name in FILES if "minus" in name and files[name].notes]
    assert len(corrupted) >= 20
    fired = [name for name in FILES if any(layer.s.any() for layer in files[name].lava.layers)]
    assert len(fired) >= 20
