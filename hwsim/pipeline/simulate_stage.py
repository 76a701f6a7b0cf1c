"""Stage `simulate`: the chip file and the encoded test samples to counted events."""

from pathlib import Path
from typing import Any

from export.chip.chip_file import read_chip
from export.chip.graph import ChipGraph, IntArray
from hwsim.costing.raster import raster_recording
from hwsim.costing.silicon_notes import silicon_notes
from hwsim.engine.readout import chip_logits
from hwsim.engine.trace import Trace
from hwsim.engine.trace_file import FORMAT, save_trace
from hwsim.errors import SimulationError
from hwsim.pipeline.chip_samples import open_chip_samples
from hwsim.pipeline.emulation import Emulation
from hwsim.pipeline.input_form import require_form
from hwsim.pipeline.lava_check import LavaCheck
from hwsim.pipeline.scratch_arrays import ScratchArrays, scratch_folder
from hwsim.pipeline.stage import Context
from hwsim.pipeline.without_chip import no_chip, simulate, simulation_inputs
from hwsim.uncosted import no_chip_equivalent
from trainers.device import choose_device
from trainers.file_hash import sha256

SHOWN_NOTES = 4
"""Of a network with many more, the report has the rest."""


def inputs(context: Context) -> Any:
    """The chip file, the samples, what [simulate] says of backend and limit, the trace's format.

    A trace of another format, as another version of the tool may have left, is made again.
    """
    folder, table = context.folder, context.recipe.simulate
    if no_chip(context.recipe) is not None:
        return simulation_inputs(context)
    require_chip_file(context)
    files = [sha256(folder.chip), sha256(folder.samples)]
    return [*files, table.backend, table.limit, table.chip, FORMAT]


def make(context: Context) -> list[Path]:
    """Emulates the chip on the test samples and keeps the counts.

    Without a chip among the targets the float executor counts.
    Of several processes each does its share; the first one writes and speaks for all.
    """
    folder, table = context.folder, context.recipe.simulate
    if no_chip(context.recipe) is not None:
        return simulate(context)
    require_chip_file(context)
    chip = read_chip(folder.chip)
    require_form(chip.input.form, table.chip)
    scratch = scratch_folder(folder.path)
    with open_chip_samples(folder.samples, scratch=scratch) as samples:
        inputs = samples.chip_inputs.part(slice(table.limit))
        trace = Emulation(
            folder.chip,
            chip,
            ScratchArrays(scratch),
            recording=raster_recording(chip, len(inputs)),
            count_neurons=True,
            lava=_lava_check(context, chip) if table.backend == "lava" else None,
            device=choose_device(context.device),
            ranks=context.ranks,
            progress=context.progress,
        ).run(inputs)
    if trace is None:
        return []
    save_trace(trace, folder.trace)
    accuracy = chip_accuracy(trace, samples.labels)
    context.say(
        f"{trace.samples} samples on {table.backend}: accuracy {accuracy:.4f}, "
        f"{trace.spikes.sum() / trace.samples:,.0f} spikes and "
        f"{trace.synops.sum() / trace.samples:,.0f} synops per inference"
    )
    reason = no_chip_equivalent(chip)
    if reason is not None:
        context.say(f"no chip equivalent: {reason}")
        return [folder.trace]
    notes = silicon_notes(trace)
    for note in notes[:SHOWN_NOTES]:
        context.say(f"on real silicon: {note}")
    if len(notes) > SHOWN_NOTES:
        context.say(f"on real silicon: {len(notes) - SHOWN_NOTES} more notes in the report")
    return [folder.trace]


def chip_accuracy(trace: Trace, labels: IntArray) -> float:
    """Share of simulated samples whose largest logit is the label's."""
    return float((chip_logits(trace).argmax(axis=1) == labels[: trace.samples]).mean())


def require_chip_file(context: Context) -> None:
    """Refuses a run without chip file or samples.

    Raises:
        SimulationError: it wasn't exported for the chip.
    """
    folder = context.folder
    for path in (folder.chip, folder.samples):
        if not path.is_file():
            raise SimulationError(
                f"{path}: no such file. Export the run with target chip first: "
                f"spikeport export {folder.path} --target chip."
            )


def _lava_check(context: Context, chip: ChipGraph) -> LavaCheck:
    folder = context.folder
    return LavaCheck(
        folder.chip,
        chip,
        log=folder.path / "lava.log",
        ranks=context.ranks,
        progress=context.progress,
        say=context.say,
    )
