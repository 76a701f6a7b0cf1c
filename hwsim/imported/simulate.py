"""`spikeport simulate` on an imported network: its chip file in the emulator, or the executor."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from export.chip.chip_file import read_chip
from export.nir_file import read_nir
from hwsim.costing.raster import raster_recording
from hwsim.costing.silicon_notes import silicon_notes
from hwsim.counting.executor_counts import executor_counts
from hwsim.counting.spike_counts import write_counts
from hwsim.engine.readout import chip_logits
from hwsim.engine.trace_file import save_trace
from hwsim.errors import SimulationError
from hwsim.foreign.opening import all_opened_safely
from hwsim.foreign.readers import kind_of
from hwsim.imported.record import ImportRecord, enter_stage, read_record, write_record
from hwsim.pipeline.chip_samples import CHIP_INPUTS
from hwsim.pipeline.emulation import Emulation
from hwsim.pipeline.input_form import require_form
from hwsim.pipeline.lava_check import LavaCheck
from hwsim.pipeline.progress import batch_progress
from hwsim.pipeline.run_folder import RunFolder
from hwsim.pipeline.scratch_arrays import ScratchArrays, scratch_folder
from trainers.file_hash import sha256
from trainers.npz_file import npz_shapes, read_npz
from trainers.npz_rows import open_rows


@dataclass(frozen=True)
class ImportedSimulation:
    """How to run an imported network.

    Args:
        chip: to run and cost it for; None keeps the one chosen before.
        lava: hold the emulator to Lava.
        limit: only the first samples.
        device: where torch computes.
        progress: show bars.
    """

    chip: str | None = None
    lava: bool = False
    limit: int | None = None
    device: str = "cpu"
    progress: bool = False


def simulate_imported(
    path: Path, asked: ImportedSimulation, say: Callable[[str], None]
) -> list[Path]:
    """Runs the folder's samples and keeps the counts.

    Returns:
        The files it left: trace.npz of the emulator, or spikes.npz of the float executor.

    Raises:
        SimulationError: the folder has no samples, or Lava is asked for without a chip file.
        SpikeportError: a file is damaged.
    """
    folder = RunFolder(path)
    record = read_record(folder)
    opened_safely(folder)
    if record.samples == 0:
        raise SimulationError(
            f"{path}: imported without inputs, so there is nothing to run it on. Import it again "
            "with --inputs FILE.npz."
        )
    if asked.chip is not None:
        record = record.model_copy(update={"chip": asked.chip})
        write_record(folder, record)
    if record.no_chip is None:
        files = _in_emulator(folder, record, asked, say)
    else:
        files = _in_executor(folder, record, asked, say)
    enter_stage(folder, "simulate", [sha256(folder.samples), asked.limit], files)
    return files


def opened_safely(folder: RunFolder) -> None:
    """Has the folder's files opened in a child process, where they aren't this installation's own.

    Raises:
        SpikeportError: what their readers refuse them with.
    """
    files = (folder.samples, folder.chip, folder.trace, folder.spike_counts)
    all_opened_safely([(folder.nir, "nir-import"), *((path, kind_of(path)) for path in files)])


def _in_emulator(
    folder: RunFolder,
    record: ImportRecord,
    asked: ImportedSimulation,
    say: Callable[[str], None],
) -> list[Path]:
    chip = read_chip(folder.chip)
    require_form(chip.input.form, record.chip)
    scratch = scratch_folder(folder.path)
    check = LavaCheck(
        folder.chip, chip, log=folder.path / "lava.log", progress=asked.progress, say=say
    )
    with open_rows(folder.samples, CHIP_INPUTS, scratch=scratch) as rows:
        inputs = rows.part(slice(asked.limit))
        trace = Emulation(
            folder.chip,
            chip,
            ScratchArrays(scratch),
            recording=raster_recording(chip, len(inputs)),
            count_neurons=True,
            lava=check if asked.lava else None,
            device=asked.device,
            progress=asked.progress,
        ).run(inputs)
    if trace is None:
        return []
    save_trace(trace, folder.trace)
    say(
        f"{trace.samples} samples in the emulator: "
        f"{trace.spikes.sum() / trace.samples:,.0f} spikes and "
        f"{trace.synops.sum() / trace.samples:,.0f} synops per inference"
        f"{_accuracy(folder, chip_logits(trace))}"
    )
    for note in silicon_notes(trace):
        say(f"on real silicon: {note}")
    return [folder.trace]


def _in_executor(
    folder: RunFolder,
    record: ImportRecord,
    asked: ImportedSimulation,
    say: Callable[[str], None],
) -> list[Path]:
    if asked.lava:
        raise SimulationError(
            f"{folder.path}: --backend lava runs chip files, and there is none: {record.no_chip}"
        )
    graph = read_nir(folder.nir, type_check=False)
    inputs = read_npz(folder.samples, ("inputs",))["inputs"][: asked.limit]
    with batch_progress("simulate", len(inputs), show=asked.progress) as on_batch:
        counts = executor_counts(graph, inputs, on_batch)
    write_counts(folder.spike_counts, counts)
    logits = read_npz(folder.samples, ("logits",))["logits"][: asked.limit]
    say(
        f"{len(inputs)} samples in the float executor: "
        f"{counts.spikes.sum() / len(inputs):,.0f} spikes and "
        f"{counts.synops.sum() / len(inputs):,.0f} synops per inference{_accuracy(folder, logits)}"
    )
    say(f"no chip equivalent: {record.no_chip}")
    return [folder.spike_counts]


def _accuracy(folder: RunFolder, logits: np.ndarray) -> str:
    share = accuracy_of(folder, logits)
    return "" if share is None else f", accuracy {share:.4f}"


def accuracy_of(folder: RunFolder, logits: np.ndarray) -> float | None:
    """Share of the first samples whose largest logit is the label's; None without labels."""
    if "labels" not in npz_shapes(folder.samples, whole=()):
        return None
    labels = read_npz(folder.samples, ("labels",))["labels"][: len(logits)]
    return float((logits.argmax(axis=1) == labels).mean())
