"""Runs stages in order; a stage whose inputs haven't changed is skipped, and says so."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from hwsim.chips.load import load_chip
from hwsim.pipeline import export_stage, report_stage, simulate_stage, train_stage
from hwsim.pipeline.drop_gate import check_drop
from hwsim.pipeline.fidelity import read_fidelity
from hwsim.pipeline.input_form import require_form_of_recipe
from hwsim.pipeline.manifest import (
    StageRecord,
    fingerprint_of,
    is_up_to_date,
    read_manifest,
    recorded,
    write_manifest,
)
from hwsim.pipeline.stage import Context, Stage
from trainers.file_hash import sha256
from trainers.processes import processes_of
from trainers.recipe import Recipe

STAGES: tuple[Stage, ...] = (
    Stage("train", train_stage.inputs, train_stage.make),
    Stage("export", export_stage.inputs, export_stage.make),
    Stage("simulate", simulate_stage.inputs, simulate_stage.make),
    Stage("report", report_stage.inputs, report_stage.make),
)


def run_pipeline(context: Context, names: tuple[str, ...]) -> bool:
    """Runs the named stages in pipeline order.

    The manifest is written after each stage, so an interrupted run continues where it was.
    Of several processes that train together the first does all this; the others train and say and
    write nothing. Several that simulate together (`context.ranks`) run stage `simulate` alone.

    Returns:
        Whether this is that process, or the only one.

    Raises:
        SpikeportError: whatever a stage refuses; earlier stages' files stay.
    """
    check_names(context, names)
    if context.ranks.number > 1:
        return _simulate_together(context)
    if not processes_of(context.recipe.train).first:
        if "train" in names and _outdated(STAGES[0], context):
            train_stage.make(replace(context, progress=False, say=_silent))
        return False
    before = None if "train" in names else context.folder.read_recipe()
    context.folder.write_recipe(context.recipe)
    for stage in STAGES:
        if stage.name in names:
            with _settings_kept_only_if_it_ends(context, before):
                run_stage(stage, context)
            if stage.name == "export" and context.recipe.export.max_drop is not None:
                ledger = read_fidelity(context.folder.fidelity).ledger
                check_drop(ledger, context.recipe.export.max_drop)
    return True


@contextmanager
def _settings_kept_only_if_it_ends(context: Context, before: Recipe | None) -> Iterator[None]:
    """A trained run goes on as it was, without settings that were refused or interrupted."""
    ended = False
    try:
        yield
        ended = True
    finally:
        if not ended and before is not None:
            context.folder.write_recipe(before)


def run_stage(stage: Stage, context: Context) -> None:
    """Runs one stage unless it is up to date."""
    folder = context.folder
    manifest = read_manifest(folder.manifest)
    fingerprint = fingerprint_of([stage.name, stage.inputs(context)])
    if is_up_to_date(manifest, folder.path, stage.name, fingerprint):
        context.say(f"{stage.name:<9} up to date, skipped")
        return
    started = time.perf_counter()
    files = stage.make(_speaking_for(stage, context))
    record = StageRecord(
        fingerprint=fingerprint,
        files={path.relative_to(folder.path).as_posix(): sha256(path) for path in files},
        seconds=round(time.perf_counter() - started, 3),
    )
    seed = context.recipe.seed
    write_manifest(folder.manifest, recorded(manifest, folder.path, seed, stage.name, record))


def _simulate_together(context: Context) -> bool:
    """The first process decides whether there is anything to do, and keeps the manifest."""
    stage = next(stage for stage in STAGES if stage.name == "simulate")
    if context.ranks.first:
        context.folder.write_recipe(context.recipe)
        context.ranks.agree(int(_outdated(stage, context)))
        run_stage(stage, context)
    elif context.ranks.agree()[0]:
        stage.make(context)
    return context.ranks.first


def _outdated(stage: Stage, context: Context) -> bool:
    fingerprint = fingerprint_of([stage.name, stage.inputs(context)])
    folder = context.folder
    return not is_up_to_date(read_manifest(folder.manifest), folder.path, stage.name, fingerprint)


def _silent(line: str) -> None:
    del line


def check_names(context: Context, names: tuple[str, ...]) -> None:
    """Checks the names that later stages look up, before hours of training are spent.

    Raises:
        SpikeportError: an unknown target or chip, or a chip without the recipe's input form.
    """
    export_stage.checked_targets(context.recipe.export.targets)
    load_chip(context.recipe.simulate.chip)
    # An exported run can still be simulated on another chip, so only training asks.
    if "train" in names:
        require_form_of_recipe(context.recipe)


def _speaking_for(stage: Stage, context: Context) -> Context:
    started = time.perf_counter()

    def say(line: str) -> None:
        context.say(f"{stage.name:<9} {line} ({time.perf_counter() - started:.1f} s)")

    return replace(context, say=say)
