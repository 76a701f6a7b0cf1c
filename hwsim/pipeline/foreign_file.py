"""Simulating a chip file outside a run folder, with inputs from an .npz file."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from export.chip.chip_file import holds_graph, read_chip
from export.chip.graph import ChipGraph, InputForm
from export.chip.netx_notes import ReadingNote
from export.chip.netx_read import read_netx_reported
from hwsim.costing.raster import raster_recording
from hwsim.costing.silicon_notes import silicon_notes
from hwsim.engine.drive import ResetRule
from hwsim.engine.readout import chip_logits
from hwsim.engine.recording import Recording
from hwsim.engine.trace import Trace
from hwsim.engine.trace_file import save_trace
from hwsim.errors import SimulationError
from hwsim.pipeline.emulation import Emulation
from hwsim.pipeline.foreign_report import report_file
from hwsim.pipeline.input_form import require_form
from hwsim.pipeline.lava_check import LavaCheck
from hwsim.pipeline.scratch_arrays import ScratchArrays, scratch_folder
from hwsim.probes.choice import probes_of
from hwsim.probes.probes_file import Time, write_probes
from hwsim.sharding.ranks import ALONE, Ranks
from hwsim.uncosted import no_chip_equivalent
from trainers.npz_file import npz_shapes
from trainers.npz_rows import RowsInFile, open_rows

ARRAYS = ("chip_inputs", "inputs")
"""Names under which an .npz file may hold the inputs; the first that is there counts."""


@dataclass(frozen=True)
class FileSimulation:
    """What to do with a chip file.

    Args:
        file: netx, or a chip graph.
        inputs: .npz file with the integers to run on.
        input_form: what a foreign netx file takes, which it doesn't say itself.
        chip: a chip's name, to refuse input forms that it doesn't have.
        lava: run it through Lava too.
        limit: only the first samples.
        probes: populations and states to keep; see `hwsim.probes.choice`.
        samples: which samples they are kept of, all by default.
        steps: T, where neither file nor inputs say it.
        reset: what keeps samples apart. By default `none` for probes, which then are as Lava
            shows them, and for files that name no steps; else `staggered`.
        device: where torch computes.
        output: folder of the results; by default they lie beside the file.
        report: name or file of the chip to cost it for; None for no report.
        ranks: this process among those that simulate together.
        progress: show bars.
    """

    file: Path
    inputs: Path | None
    input_form: InputForm | None = None
    chip: str | None = None
    lava: bool = False
    limit: int | None = None
    probes: tuple[str, ...] = ()
    samples: str | None = None
    steps: int | None = None
    reset: ResetRule | None = None
    device: str = "cpu"
    output: Path | None = None
    report: str | None = None
    ranks: Ranks = ALONE
    progress: bool = False

    def result(self, name: str) -> Path:
        """Where `trace.npz`, `lava.log` and the others are written."""
        if self.output is None:
            return self.file.with_suffix(f".{name}")
        return self.output / name


def simulate_file(asked: FileSimulation, say: Callable[[str], None]) -> Trace | None:
    """Runs the file and leaves a trace, and probes if asked for.

    Returns:
        The trace; None in all processes but the first.

    Raises:
        SimulationError: no inputs were given, or they don't fit the network.
        ConfigError: an unknown population, state or sample to probe.
        FileError: a file can't be read, or no space is left.
    """
    if asked.inputs is None:
        raise SimulationError(
            f"{asked.file}: what shall it run on? Add --inputs FILE.npz with an array 'inputs'."
        )
    chip, read_otherwise = _read(asked)
    for named in (asked.chip, asked.report):
        if named is not None:
            require_form(chip.input.form, named)
    folder = scratch_folder(asked.result("trace.npz").parent)
    with _opened(asked.inputs, folder) as given:
        inputs = given.part(slice(asked.limit))
        probes = drawn = None
        if asked.probes:
            probes = probes_of(chip, asked.probes, asked.samples, len(inputs))
        elif asked.report is not None:
            drawn = raster_recording(chip, len(inputs))
        scratch = ScratchArrays(folder)
        reset = asked.reset or _usual_reset(chip, asked)
        trace = _emulation(asked, chip, scratch, reset, probes or drawn, say).run(inputs)
        if trace is not None:
            _write(asked, trace, reset, probes, scratch)
    if trace is not None:
        for note in read_otherwise:
            say(f"as Lava reads it: {note}")
        _tell(asked, trace, reset, say)
        if asked.report is not None:
            report_file(trace, asked.report, asked.file.name, asked.result, say)
    return trace


def _read(asked: FileSimulation) -> tuple[ChipGraph, tuple[ReadingNote, ...]]:
    """The file, and where Lava makes something else of it than it says."""
    if holds_graph(asked.file):
        return read_chip(asked.file, input_form=asked.input_form), ()
    return read_netx_reported(asked.file, asked.input_form)


def _usual_reset(chip: ChipGraph, asked: FileSimulation) -> ResetRule:
    # A file from elsewhere names no window: each sample runs in raw chip time, from zero state.
    chip_time = asked.probes and not chip.scheduled
    return "none" if chip_time or chip.time_steps is None else "staggered"


def _emulation(
    asked: FileSimulation,
    chip: ChipGraph,
    scratch: ScratchArrays,
    reset: ResetRule,
    probes: Recording | None,
    say: Callable[[str], None],
) -> Emulation:
    check = LavaCheck(
        asked.file,
        chip,
        reset,
        asked.steps,
        log=asked.result("lava.log"),
        ranks=asked.ranks,
        progress=asked.progress,
        say=say,
    )
    return Emulation(
        asked.file,
        chip,
        scratch,
        reset,
        asked.steps,
        probes,
        lava=check if asked.lava else None,
        device=asked.device,
        ranks=asked.ranks,
        progress=asked.progress,
        count_neurons=asked.report is not None,
    )


@contextmanager
def _opened(path: Path, scratch: Path) -> Iterator[RowsInFile]:
    shapes = npz_shapes(path, whole=())
    name = next((name for name in ARRAYS if name in shapes), ARRAYS[-1])
    with open_rows(path, name, scratch=scratch) as rows:
        if rows.dtype.kind not in "iub":
            raise SimulationError(
                f"{path}: '{name}' holds {rows.dtype}, but a chip takes integers (spikes 0/1, "
                "payloads or bias mantissas). Encode them first."
            )
        yield replace(rows, stored=np.dtype(np.uint8)) if rows.dtype.kind == "b" else rows


def _write(
    asked: FileSimulation,
    trace: Trace,
    reset: ResetRule,
    probes: Recording | None,
    scratch: ScratchArrays,
) -> None:
    if probes is not None:
        first, last = probes.samples or (0, trace.samples)
        time: Time = "chip" if reset == "none" else "window"
        write_probes(asked.result("probes.npz"), trace, range(first, last), time, scratch)
    save_trace(replace(trace, recordings={}), asked.result("trace.npz"))


def _tell(
    asked: FileSimulation, trace: Trace, reset: ResetRule, say: Callable[[str], None]
) -> None:
    for index, name in enumerate(trace.populations):
        say(
            f"{name}: {trace.neurons[index]:,} neurons, "
            f"{trace.spikes[:, :, index].sum() / trace.samples:,.1f} spikes and "
            f"{trace.synops[:, :, index].sum() / trace.samples:,.1f} synops per sample"
        )
    if trace.graph.readout is not None and reset == "staggered":
        say(f"predicted classes: {chip_logits(trace).argmax(axis=1)[:20].tolist()}")
    reason = no_chip_equivalent(trace.graph)
    for note in () if reason else silicon_notes(trace):
        say(f"on real silicon: {note}")
    if reason:
        say(f"no chip equivalent: {reason}")
    if asked.probes:
        time = "chip steps" if reset == "none" else "steps of each population's window"
        say(f"probes over {trace.time_steps} {time}: {asked.result('probes.npz')}")
    say(f"trace of {trace.samples} samples: {asked.result('trace.npz')}")
