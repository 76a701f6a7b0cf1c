"""The emulator held to Lava on a data set, part by part: both keep every state of a part."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import prod
from pathlib import Path

from export.chip.graph import ChipGraph
from hwsim.engine.drive import ResetRule
from hwsim.engine.simulate import simulate
from hwsim.errors import SimulationError
from hwsim.lava.compare import compare
from hwsim.lava.runner import run_lava_file
from hwsim.pipeline.progress import batch_progress
from hwsim.sharding.ranks import ALONE, Ranks
from trainers.atomic_file import cannot_write
from trainers.npz_rows import RowsInFile

PART_BYTES = 1 << 28
"""Of states, u, v and s of both, that are compared at a time."""

BYTES_PER_STEP = 48
"""Of a neuron: our u, v (int32) and s (uint8), Lava's three in int64, and room to compare them."""

INPUT_COPY_BYTES = 4
"""Of an input: the int32 that it becomes on its way, besides the input itself."""


@dataclass(frozen=True)
class LavaCheck:
    """How the emulator is held to Lava.

    Args:
        file: the chip file.
        graph: what is in it.
        reset: what keeps samples apart.
        steps: T, where neither graph nor inputs say it.
        log: file that gets what Lava printed for the first process's samples, part after part.
        ranks: this process among those that simulate together.
        progress: show a bar.
        say: told how many values were compared, by all processes; the first one tells.
    """

    file: Path
    graph: ChipGraph
    reset: ResetRule = "staggered"
    steps: int | None = None
    log: Path | None = None
    ranks: Ranks = ALONE
    progress: bool = False
    say: Callable[[str], None] | None = None

    def run(self, inputs: RowsInFile, device: str = "cpu") -> None:
        """Runs the file in Lava too; the emulator's u, v and spikes must be Lava's.

        Lava exposes u, v and spikes but no event counts, so the counts are the emulator's, and
        they are only given out once every u, v and spike is Lava's bit for bit.

        Args:
            inputs: of this process's samples, of which there may be none.
            device: where torch computes what is given out.

        Raises:
            SimulationError: the emulator and Lava differ.
            LavaError: the Lava environment is missing or its run failed.
            FileError: the log can't be written.
        """
        if self._own_log is not None:
            _remove(self._own_log)
        each, values = self._samples_at_once(inputs), 0
        with batch_progress("in Lava", len(inputs), show=self.progress) as show:
            for start in range(0, len(inputs), each):
                part = inputs.part(slice(start, start + each))
                values += self._hold(part, device, partial(_count_from, show, start))
                show(min(start + each, len(inputs)))
                self.ranks.stop_if_one_failed()
        # Processes without samples are here as well: all meet.
        values = sum(self.ranks.agree(values))
        if self.say is not None and self.ranks.first:
            self.say(f"Lava: all {values:,} values of u, v and spikes are the emulator's")

    @property
    def _own_log(self) -> Path | None:
        # Processes may share a folder, and other ranks' may not be written to.
        return self.log if self.ranks.first else None

    def _hold(self, inputs: RowsInFile, device: str, show: Callable[[int], None]) -> int:
        encoded = inputs[:]
        reset, steps = self.reset, self.steps
        trace = simulate(self.graph, encoded, reset=reset, steps=steps, record=True, device=device)
        run = run_lava_file(
            self.file,
            self.graph,
            encoded,
            reset=reset,
            steps=steps,
            # Several ranks fill the cores by themselves.
            workers=1 if self.ranks.number > 1 else None,
            log=self._own_log,
            append=True,
            on_samples=show,
        )
        comparison = compare(trace, run)
        if not comparison.identical:
            raise SimulationError(
                f"{self.file}: the emulator and Lava differ ({comparison}). Report this file: "
                "the emulator is meant to be bit-exact."
            )
        return comparison.values

    def _samples_at_once(self, inputs: RowsInFile) -> int:
        neurons = sum(population.neurons for population in self.graph.populations)
        held = inputs.ndim == 1 + len(self.graph.input.shape)
        given = None if held else inputs.shape[1]
        steps = max(n or 1 for n in (self.graph.time_steps, self.steps, given))
        per_input = inputs.dtype.itemsize + INPUT_COPY_BYTES
        per_step = neurons * BYTES_PER_STEP + prod(self.graph.input.shape) * per_input
        return max(1, PART_BYTES // (steps * per_step))


def _remove(log: Path) -> None:
    try:
        log.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(log, error) from error


def _count_from(show: Callable[[int], None], before: int, done: int) -> None:
    show(before + done)
