"""Probes of a run's chip: states of chosen populations for chosen test samples."""

from pathlib import Path

from export.chip.chip_file import read_chip
from hwsim.engine.recording import Recording
from hwsim.pipeline.chip_samples import open_chip_samples
from hwsim.pipeline.emulation import Emulation
from hwsim.pipeline.input_form import require_form
from hwsim.pipeline.pipeline import check_names
from hwsim.pipeline.scratch_arrays import ScratchArrays, scratch_folder
from hwsim.pipeline.simulate_stage import require_chip_file
from hwsim.pipeline.stage import Context
from hwsim.probes.choice import probes_of
from hwsim.probes.probes_file import write_probes
from trainers.device import choose_device


def probe_run(context: Context, names: tuple[str, ...], samples: str | None) -> Path | None:
    """Emulates the chosen samples once more and leaves probes.npz in the run folder.

    Time is each population's own window, in which the network computes what training did.

    Args:
        context: of an exported run.
        names: populations and states; see `hwsim.probes.choice`.
        samples: `FIRST:LAST` of the simulated test samples, all by default.

    Returns:
        The file; None in all processes but the first.

    Raises:
        ConfigError: an unknown population, state, sample or chip.
        SpikeportError: as of stage `simulate`.
    """
    folder, table = context.folder, context.recipe.simulate
    # What stage `simulate` would refuse, which comes after.
    check_names(context, ("simulate",))
    require_chip_file(context)
    chip = read_chip(folder.chip)
    require_form(chip.input.form, table.chip)
    place = scratch_folder(folder.path)
    scratch = ScratchArrays(place)
    with open_chip_samples(folder.samples, scratch=place) as given:
        inputs = given.chip_inputs.part(slice(table.limit))
        asked = probes_of(chip, names, samples, len(inputs))
        first, last = asked.samples or (0, len(inputs))
        # Samples don't know of each other, so no other is simulated.
        trace = Emulation(
            folder.chip,
            chip,
            scratch,
            recording=Recording(asked.states),
            device=choose_device(context.device),
            ranks=context.ranks,
            progress=context.progress,
        ).run(inputs.part(slice(first, last)))
    if trace is None:
        return None
    write_probes(folder.probes, trace, range(first, last), "window", scratch)
    return folder.probes
