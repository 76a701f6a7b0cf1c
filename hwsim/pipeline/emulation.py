"""A data set through the emulator: in bounded memory, by one process or by several together."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from export.chip.graph import ChipGraph
from hwsim.engine.drive import ResetRule
from hwsim.engine.recording import Recording
from hwsim.engine.simulate import simulate
from hwsim.engine.trace import Trace
from hwsim.errors import SimulationError
from hwsim.lava.graph_request import refuse_schedules
from hwsim.pipeline.lava_check import LavaCheck
from hwsim.pipeline.progress import batch_progress
from hwsim.pipeline.scratch_arrays import ScratchArrays
from hwsim.sharding.gather import gathered, part_of_recording
from hwsim.sharding.ranks import ALONE, OtherRankFailed, Ranks
from trainers.errors import ConfigError
from trainers.file_hash import sha256
from trainers.npz_rows import RowsInFile


@dataclass(frozen=True)
class Emulation:
    """How a data set is run.

    Args:
        file: the chip file, for messages and for Lava.
        graph: what is in it.
        scratch: makes the arrays that results are kept in.
        reset: what keeps samples apart; see `hwsim.engine.simulate`.
        steps: T, where neither graph nor inputs say it.
        recording: states to keep, or None.
        count_neurons: count spikes and active updates of each neuron too, which costing needs.
        lava: how to hold the emulator to Lava; None to trust it.
        device: where torch computes.
        ranks: this process among those that simulate together.
        progress: show a bar.
    """

    file: Path
    graph: ChipGraph
    scratch: ScratchArrays
    reset: ResetRule = "staggered"
    steps: int | None = None
    recording: Recording | None = None
    count_neurons: bool = False
    lava: LavaCheck | None = None
    device: str = "cpu"
    ranks: Ranks = ALONE
    progress: bool = False

    def run(self, inputs: RowsInFile) -> Trace | None:
        """Simulates the samples; each process its share, which the first one gathers.

        Returns:
            The trace of all samples; None in all processes but the first.

        Raises:
            SimulationError: the network can't be simulated as asked, or a process failed.
            ConfigError: processes were given different files, or LOCAL_RANK is no number.
            LavaError: the Lava environment is missing, its run failed, or it can't hold a threshold
                that changes from step to step.
            FileError: no space is left for results.
        """
        if self.lava is not None:
            refuse_schedules(self.graph)
        self._refuse_other_files(inputs)
        samples = len(inputs)
        part = self.ranks.share(samples)
        # With more processes than samples; of no samples at all the engine says so.
        idle = part.start == part.stop and samples > 0
        trace = None if idle else self._run_part(inputs, part)
        if self.lava is not None:
            self.lava.run(inputs.part(part), self._own_device())
        return gathered(trace, self.recording, samples, self.ranks, self.scratch.allocate)

    def _run_part(self, inputs: RowsInFile, part: slice) -> Trace:
        share = inputs.part(part)
        label = "emulating" if self.ranks.number == 1 else f"emulating 1 of {self.ranks.number}"
        with batch_progress(label, len(share), show=self.progress) as show:

            def on_batch(done: int) -> None:
                show(done)
                self.scratch.release()
                self.ranks.stop_if_one_failed()

            return self._simulate(share, part, on_batch)

    def _simulate(self, share: RowsInFile, part: slice, on_batch: Callable[[int], None]) -> Trace:
        recording = part_of_recording(self.recording, part)
        try:
            return simulate(
                self.graph,
                share,
                reset=self.reset,
                steps=self.steps,
                record=recording or False,
                count_neurons=self.count_neurons,
                device=self._own_device(),
                on_batch=on_batch,
                allocate=self.scratch.allocate,
            )
        except OtherRankFailed:
            raise
        except SimulationError as error:
            if part.start == 0:
                raise
            raise SimulationError(
                f"samples from {part.start} on, counted from 0: {error}"
            ) from error

    def _own_device(self) -> str:
        """Each process of a machine takes a CUDA device of its own, where there are as many."""
        if self.device != "cuda" or self.ranks.number == 1:
            return self.device
        stated = os.environ.get("LOCAL_RANK", "0")
        if not (stated.isascii() and stated.isdecimal()):
            raise ConfigError(
                f"LOCAL_RANK={stated} in the environment is no number, so which CUDA device to "
                "take isn't known. Start with torchrun, or set it to 0, 1, ... on each machine."
            )
        return f"cuda:{int(stated) % torch.cuda.device_count()}"

    def _refuse_other_files(self, inputs: RowsInFile) -> None:
        if self.ranks.number > 1:
            stated = f"{sha256(self.file)} {inputs.shape} {inputs.dtype} {inputs.crc}"
            digest = hashlib.sha256(stated.encode()).digest()
            number = int.from_bytes(digest[:7], "big")
            self.ranks.refuse_differences(number, "chip files or inputs")
