"""One point of a sweep: convert the trained network, emulate it on two splits, cost it."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path

import torch

from export.chip.graph import ChipGraph
from export.errors import InvalidGraph
from export.freezing.thresholds import spike_adaptations, threshold_schedules
from export.quantizing import encode
from hwsim.chips.chip import Chip
from hwsim.costing.costable import costable
from hwsim.costing.estimate import estimate
from hwsim.engine.simulate import simulate
from hwsim.pipeline.conversion import Conversion, TrainedRun, converted, frozen
from hwsim.pipeline.simulate_stage import chip_accuracy
from hwsim.pipeline.tested_samples import MAX_BYTES
from hwsim.sweep.row import Measured, OnSplit, Row, refused
from hwsim.sweep.space import Point
from trainers.data import Split
from trainers.errors import CheckpointError, ConfigError, DataError, FileError, SpikeportError

NOT_THE_POINTS_FAULT = (FileError, DataError, CheckpointError)
"""What is wrong with a disk or the data is wrong with every point: the sweep ends there."""


@dataclass(frozen=True)
class Bench:
    """What every point is measured with.

    Args:
        run: the trained network and its data.
        chip: that costs.
        samples: of each split, from the first; None for all.
        device: where the emulator computes.
        lock: file whose lock a fine-tuning holds.
    """

    run: TrainedRun
    chip: Chip
    samples: int | None
    device: str
    lock: Path

    def measure(self, point: Point) -> Row:
        """The point's row; a refusal of one of the stages is one too.

        Raises:
            FileError: the disk is full or can't be written to.
            DataError: samples can't be read.
            CheckpointError: of fine-tuning, that can't be read.
            ConfigError: a split doesn't fit into memory.
        """
        data = self.run.data
        for name, split in (("validation", data.validation), ("test", data.test)):
            _refuse_large(name, split, self.samples)
        # Whatever a stage draws is then the same in each worker, order and repetition.
        torch.manual_seed(self.run.recipe.seed)
        try:
            done = self._converted(point)
            chip = _chip_of(done)
            weights = sum(projection.weight.size for projection in chip.projections)
            measured = Measured(
                validation=self._on(data.validation, done, chip),
                test=self._on(data.test, done, chip),
                weights=weights,
                weight_memory_bits=weights * point.weight_bits,
            )
        except NOT_THE_POINTS_FAULT:
            raise
        except SpikeportError as error:
            return refused(point, str(error))
        return Row(**vars(point), measured=measured)

    def _converted(self, point: Point) -> Conversion:
        """Several points share one fine-tuning, which the first to need it does for all."""
        run = replace(self.run, progress=False, say=_silent)
        table = point.table(run.recipe.export)
        if point.threshold_strategy == "finetune":
            with _alone(self.lock):
                frozen(run, table)
        return converted(run, table)

    def _on(self, split: Split, done: Conversion, chip: ChipGraph) -> OnSplit:
        integers = encode(done.graph, chip, split.inputs[: self.samples])
        trace = simulate(chip, integers, count_neurons=True, device=self.device)
        found = None if chip.scheduled else estimate(costable(trace, self.chip), self.chip)
        return OnSplit(
            samples=trace.samples,
            accuracy=chip_accuracy(trace, split.labels),
            spikes=float(trace.spikes.sum()) / trace.samples,
            synops=float(trace.synops.sum()) / trace.samples,
            energy_j=found.energy.total if found else None,
            latency_s=found.latency.total_s if found else None,
        )


def constant_thresholds(run: TrainedRun) -> bool:
    """Whether no threshold of the trained network moves, so that all strategies do the same.

    Thresholds that every strategy refuses count as moving: each row then says why.
    """
    if spike_adaptations(run.network):
        return False
    try:
        schedules = threshold_schedules(run.network)
    except SpikeportError:
        return False
    return all((schedule == schedule[0]).all() for schedule in schedules.values())


def _chip_of(done: Conversion) -> ChipGraph:
    if done.quantised is None:
        raise InvalidGraph("sweep: the conversion left no chip graph. Report this as a fault.")
    return done.quantised.chip


def _refuse_large(name: str, split: Split, samples: int | None) -> None:
    number = len(split) if samples is None else min(samples, len(split))
    sample = prod(split.inputs.shape[1:]) * split.inputs.dtype.itemsize
    if number * sample > MAX_BYTES:
        raise ConfigError(
            f"{name} split: {number:,} samples take {number * sample / 2**30:.1f} GiB in memory, "
            f"at most {MAX_BYTES / 2**30:g} GiB are taken. Add --samples {MAX_BYTES // sample}."
        )


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _silent(line: str) -> None:
    del line
