"""Stage `simulate`: chip.net and the encoded test samples to counted events."""

from pathlib import Path
from typing import Any

from export.chip.graph import ChipGraph
from export.chip.netx_read import read_netx
from export.samples import read_samples
from hwsim.chip import load_chip
from hwsim.engine.readout import chip_logits
from hwsim.engine.simulate import simulate
from hwsim.engine.trace import IntArray, Trace
from hwsim.engine.trace_file import save_trace
from hwsim.errors import SimulationError
from hwsim.pipeline.progress import batch_progress
from hwsim.pipeline.stage import Context
from trainers.file_hash import sha256


def inputs(context: Context) -> Any:
    """The chip file, the samples and what [simulate] says of backend and limit."""
    folder, table = context.folder, context.recipe.simulate
    _require_chip_file(context)
    return [sha256(folder.chip), sha256(folder.samples), table.backend, table.limit, table.chip]


def make(context: Context) -> list[Path]:
    """Emulates the chip on the test samples and keeps the counts."""
    folder, table = context.folder, context.recipe.simulate
    _require_chip_file(context)
    chip = read_netx(folder.chip)
    require_input_form(chip, table.chip)
    samples = read_samples(folder.samples)
    if samples.chip_inputs is None:
        raise SimulationError(
            f"{folder.samples}: no array 'chip_inputs'. Export the run with target netx."
        )
    encoded = samples.chip_inputs[: table.limit]
    trace = run_backend(folder.chip, chip, encoded, table.backend, progress=context.progress)
    save_trace(trace, folder.trace)
    accuracy = chip_accuracy(trace, samples.labels)
    context.say(
        f"{trace.samples} samples on {table.backend}: accuracy {accuracy:.4f}, "
        f"{trace.spikes.sum() / trace.samples:,.0f} spikes and "
        f"{trace.synops.sum() / trace.samples:,.0f} synops per inference"
    )
    return [folder.trace]


def run_backend(
    net: Path, chip: ChipGraph, encoded: IntArray, backend: str, *, progress: bool
) -> Trace:
    """Emulates; with backend `lava` runs the same file through lava-dl too and holds both equal.

    Lava exposes u, v and spikes but no event counts, so the counts are the emulator's, and they
    are only given out once every u, v and spike is Lava's bit for bit.

    Raises:
        SimulationError: the emulator and Lava differ.
        LavaError: the Lava environment is missing or its run failed.
    """
    with batch_progress("emulating", len(encoded), show=progress) as on_batch:
        trace = simulate(chip, encoded, record=backend == "lava", on_batch=on_batch)
    if backend == "lava":
        from hwsim.lava.compare import compare
        from hwsim.lava.runner import run_lava

        run = run_lava(net, encoded, reset="staggered", time_steps=chip.time_steps)
        comparison = compare(trace, run)
        if not comparison.identical:
            raise SimulationError(
                f"{net}: the emulator and Lava differ ({comparison}). Report this file: "
                "the emulator is meant to be bit-exact."
            )
    return trace


def chip_accuracy(trace: Trace, labels: IntArray) -> float:
    """Share of simulated samples whose largest logit is the label's."""
    return float((chip_logits(trace).argmax(axis=1) == labels[: trace.samples]).mean())


def require_input_form(chip: ChipGraph, name: str) -> None:
    """Refuses an input form the chip doesn't have, by name.

    Raises:
        SimulationError: for example graded payloads on loihi1.
    """
    model = load_chip(name)
    forms = model.inputs.forms.value
    if chip.input.form not in forms:
        raise SimulationError(
            f"chip '{name}': has no input form '{chip.input.form}', only "
            f"{', '.join(forms)}. Choose another chip or export another input form."
        )


def _require_chip_file(context: Context) -> None:
    folder = context.folder
    for path in (folder.chip, folder.samples):
        if not path.is_file():
            raise SimulationError(
                f"{path}: no such file. Export the run with target netx first: "
                f"spikeport export {folder.path} --target netx."
            )
