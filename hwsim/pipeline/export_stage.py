"""Stage `export`: checkpoint to frozen network, its files for every target, and test samples."""

from pathlib import Path
from typing import Any

import nir

from export.chip.graph import ChipGraph
from export.golden_spikes import write_golden
from export.quantizing import Quantization, encode_counted
from export.quantizing.input_forms import Encoded
from export.samples import Samples, write_samples
from export.targets import TARGETS
from hwsim.pipeline.conversion import TrainedRun, frozen, quantised
from hwsim.pipeline.export_targets import held_targets
from hwsim.pipeline.fidelity import measure, write_fidelity
from hwsim.pipeline.stage import Context
from hwsim.pipeline.tested_samples import with_tested_samples
from trainers.atomic_file import cannot_write
from trainers.build import build_data, build_network
from trainers.checkpoint import load_weights
from trainers.data import DataSplits
from trainers.errors import CheckpointError, ConfigError
from trainers.file_hash import sha256
from trainers.network import SpikingNetwork


def inputs(context: Context) -> Any:
    """The checkpoint and the [export] table."""
    checkpoint = context.folder.checkpoint
    if not checkpoint.is_file():
        raise CheckpointError(
            f"{checkpoint}: no checkpoint. Train first with `spikeport train` or `spikeport run`."
        )
    # The bound on the loss is looked at afterwards, also when nothing has changed.
    table = context.recipe.export.model_dump(mode="json", exclude={"max_drop"})
    return [sha256(checkpoint), table]


def make(context: Context) -> list[Path]:
    """Freezes, measures what that cost, quantises, and writes each target's files."""
    recipe, folder = context.recipe, context.folder
    targets = checked_targets(recipe.export.targets)
    _refuse_tuning_without_chip(context)
    data, tested = with_tested_samples(build_data(recipe))
    network = trained_network(context, data)
    run = trained_run(context, network, data)
    done = frozen(run, recipe.export)
    targets = held_targets(done.graph, targets, context.say)
    # NIR first: it carries every network that freezes, so a chip that can't doesn't cost it. But
    # fine-tuning on integers changes what it carries.
    floats = _chosen(targets, quantised=False)
    chipped = any(TARGETS[name].quantised for name in targets)
    tunes = chipped and recipe.export.qat is not None
    written = [] if tunes else _write(floats, done.graph, None, folder.path)
    if chipped:
        done = quantised(run, done, recipe.export)
    if tunes:
        written = _write(floats, done.graph, None, folder.path)
    if done.quantised:
        _tell_of_quantising(context, done.quantised)
    graph, chip = done.graph, done.quantised.chip if done.quantised else None
    written += _write(_chosen(targets, quantised=True), graph, chip, folder.path)
    if any(TARGETS[name].golden for name in floats):
        written.append(write_golden(graph, tested, folder.golden))
    fidelity, logits = measure(run, done)
    encoded = encode_counted(graph, chip, tested) if chip else None
    _say_what_was_clipped(context, chip, encoded)
    integers, clipped = (encoded.integers, encoded.clipped) if encoded else (None, 0)
    write_samples(folder.samples, Samples(tested, data.test.labels, logits, integers))
    fidelity = fidelity.model_copy(update={"clipped_inputs": clipped})
    write_fidelity(folder.fidelity, fidelity)
    _remove_older_exports(folder.path, written)
    changed = ", ".join(f"{name} {share:.1%}" for name, share in fidelity.spikes_changed.items())
    steps = ", ".join(f"{entry.name} {entry.accuracy:.4f}" for entry in fidelity.ledger)
    context.say(f"accuracy {steps} ({fidelity.samples} test samples)")
    context.say(f"spikes changed by freezing: {changed}")
    return [*written, folder.samples, folder.fidelity]


def _refuse_tuning_without_chip(context: Context) -> None:
    table = context.recipe.export
    if table.qat is not None and not any(TARGETS[name].quantised for name in table.targets):
        raise ConfigError(
            f"export.qat: fine-tunes on the chip's integers, and {', '.join(table.targets)} alone "
            "hold none. Add target chip, or export with --no-qat."
        )


def checked_targets(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names, if each is a target.

    Raises:
        ConfigError: an unknown or no target.
    """
    unknown = [name for name in names if name not in TARGETS]
    if unknown or not names:
        raise ConfigError(
            f"export target '{', '.join(unknown)}': unknown. Known: {', '.join(TARGETS)}."
        )
    return names


def trained_network(context: Context, data: DataSplits) -> SpikingNetwork:
    """The network with the checkpoint's weights, in evaluation mode."""
    network = build_network(context.recipe, data, code_folder=context.code_folder)
    load_weights(network, context.folder.checkpoint)
    return network.eval()


def trained_run(context: Context, network: SpikingNetwork, data: DataSplits) -> TrainedRun:
    """What the conversion needs of a run."""
    return TrainedRun(
        recipe=context.recipe,
        network=network,
        data=data,
        checkpoint_sha256=sha256(context.folder.checkpoint),
        folder=context.folder.path,
        device=context.device,
        progress=context.progress,
        say=context.say,
    )


def _tell_of_quantising(context: Context, done: Quantization) -> None:
    for layer in done.layers:
        if layer.payload is not None:
            context.say(f"layer '{layer.name}', {layer.payload}")
    if done.balancing.paths:
        context.say(
            f"{len(done.balancing.paths)} paths wait for longer ones, in synaptic delays or behind "
            f"relays: {done.balancing.neurons:,} relay neurons (fidelity.json lists them)"
        )


def _say_what_was_clipped(
    context: Context, chip: ChipGraph | None, encoded: Encoded | None
) -> None:
    if chip and chip.host and encoded and encoded.clipped:
        context.say(
            f"{encoded.clipped:,} of {encoded.integers.size:,} input integers were clipped to "
            f"{chip.host.lowest}..{chip.host.highest}: test samples beyond the calibration's"
        )


def _chosen(targets: tuple[str, ...], *, quantised: bool) -> tuple[str, ...]:
    """In the table's order."""
    return tuple(
        name for name, row in TARGETS.items() if name in targets and row.quantised == quantised
    )


def _write(
    names: tuple[str, ...],
    graph: nir.NIRGraph,
    chip: ChipGraph | None,
    folder: Path,
) -> list[Path]:
    written: dict[Path, None] = {}
    for name in names:
        written |= dict.fromkeys(TARGETS[name].write(graph, chip, folder))
    return list(written)


def _remove_older_exports(folder: Path, written: list[Path]) -> None:
    # Another export's chip file would be simulated with this one's samples.
    known = {folder / name for row in TARGETS.values() for name in row.files}
    for path in sorted(known.difference(written)):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise cannot_write(path, error) from error
