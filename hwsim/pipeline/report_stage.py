"""Stage `report`: counted events, chip description and accuracies to report.json and the pages."""

from pathlib import Path
from typing import Any

from export.chip.chip_file import read_chip
from hwsim.chips.load import load_chip
from hwsim.engine.trace_file import load_trace
from hwsim.errors import SimulationError
from hwsim.pipeline.asked_cost import costed
from hwsim.pipeline.chip_samples import read_labels
from hwsim.pipeline.conversion_facts import quantisation, waiting
from hwsim.pipeline.fidelity import read_fidelity
from hwsim.pipeline.files_together import all_or_none
from hwsim.pipeline.manifest import read_manifest, require_unchanged
from hwsim.pipeline.simulate_stage import chip_accuracy
from hwsim.pipeline.stage import Context
from hwsim.pipeline.without_chip import measured, no_chip
from hwsim.report.html import write_html
from hwsim.report.json_file import write_report
from hwsim.report.markdown import write_markdown
from hwsim.report.model import Accuracy, AnyReport, TrainingCurve, UncostedReport
from hwsim.report.run_facts import with_run_facts
from hwsim.report.training_page import write_training_page
from hwsim.uncosted import uncosted
from hwsim.verify.record import current_record
from trainers.best_epoch import best_row
from trainers.diagnostics_file import read_diagnostics
from trainers.epoch_log import read_metrics
from trainers.errors import FileError
from trainers.file_hash import sha256


def inputs(context: Context) -> Any:
    """Trace, fidelity, metrics, diagnostics, the chip's description and the report's title.

    And verify.json, where it speaks of the run's files as they are.
    """
    folder, recipe = context.folder, context.recipe
    simulated = _simulated(context)
    exported = (folder.chip, folder.frozen, folder.samples, folder.fidelity)
    for path in (*simulated, *exported[2:], folder.metrics, folder.diagnostics):
        if path.is_file():
            continue
        if path in (folder.metrics, folder.diagnostics):
            raise FileError(f"{path}: no such file. Train the run in a new folder.")
        stage = "export" if path in exported else "simulate"
        raise SimulationError(
            f"{path}: no such file. {stage.capitalize()} first: spikeport {stage} {folder.path}."
        )
    files = (*simulated, folder.samples, folder.fidelity, folder.metrics)
    verified = [] if current_record(folder) is None else [sha256(folder.verification)]
    return [
        *(sha256(path) for path in (*files, folder.diagnostics)),
        load_chip(recipe.simulate.chip).model_dump(mode="json"),
        recipe.report.model_dump(mode="json"),
        *verified,
    ]


def make(context: Context) -> list[Path]:
    """Costs the trace and writes report.json, report.html, report.md and training.html.

    A network that no chip could run is reported without energy and time.
    """
    folder, recipe = context.folder, context.recipe
    events, chip = _events(context)
    fidelity = read_fidelity(folder.fidelity)
    diagnostics = read_diagnostics(folder.diagnostics)
    verified = current_record(folder)
    title = recipe.report.title or recipe.name
    training = training_curve(folder.metrics, early_stop=recipe.train.early_stop is not None)
    report = with_run_facts(
        events,
        accuracy=Accuracy(
            trained=fidelity.trained,
            frozen=fidelity.frozen,
            chip=chip,
            samples=events.simulated_samples,
        ),
        recipe=title,
        training=training,
        fidelity=fidelity.spikes_changed,
        quantisation=quantisation(fidelity),
        waiting=waiting(fidelity),
        ledger=fidelity.ledger,
        runtimes=() if verified is None else verified.rows,
    )
    with all_or_none(folder.path) as scratch:
        write_report(report, scratch / folder.report_json.name)
        training_page = folder.training_html.name
        write_html(report, scratch / folder.report_html.name, training_page=training_page)
        write_markdown(report, scratch / folder.report_markdown.name)
        write_training_page(scratch / training_page, diagnostics, training, title)
    context.say(_headline(report))
    return [
        folder.report_json,
        folder.report_html,
        folder.report_markdown,
        folder.training_html,
    ]


def _simulated(context: Context) -> tuple[Path, ...]:
    """The files of a simulation: of the float executor where the run has no chip file."""
    folder = context.folder
    if no_chip(context.recipe) is not None:
        return folder.spike_counts, folder.frozen
    return folder.trace, folder.chip


def _events(context: Context) -> tuple[AnyReport, float | None]:
    """Counted events, costed where a chip could run the network, and the chip's accuracy."""
    folder, reason = context.folder, no_chip(context.recipe)
    if reason is not None:
        return measured(context, reason), None
    require_unchanged(read_manifest(folder.manifest), folder.path, "simulate", folder.trace)
    trace = load_trace(folder.trace, read_chip(folder.chip))
    accuracy = chip_accuracy(trace, read_labels(folder.samples))
    if trace.graph.scheduled:
        return uncosted(trace), accuracy
    return costed(trace, context.recipe.simulate.chip, context.recipe.report, accuracy), accuracy


def training_curve(path: Path, *, early_stop: bool = False) -> TrainingCurve:
    """The columns of metrics.csv as series, and with early stop the epoch that the run keeps."""
    rows = read_metrics(path)
    series = {
        name: tuple(row.get(name) for row in rows)
        for name in ("train_loss", "validation_loss", "train_accuracy", "validation_accuracy")
    }
    memory = bool(rows) and "bytes_per_sample" in rows[-1]
    return TrainingCurve(
        epochs=tuple(int(row["epoch"]) for row in rows),
        best_epoch=int(best_row(rows)["epoch"]) if early_stop and rows else None,
        bytes_per_sample=int(rows[-1]["bytes_per_sample"]) if memory else None,
        **series,
    )


def _headline(report: AnyReport) -> str:
    if isinstance(report, UncostedReport):
        accuracy = report.accuracy
        found = (
            f"frozen {accuracy.frozen:.4f}"
            if accuracy.chip is None
            else f"in the emulator {accuracy.chip:.4f}"
        )
        return (
            f"accuracy {found}; no chip equivalent, no energy and no latency: "
            f"{report.no_chip_equivalent}"
        )
    return (
        f"accuracy on the chip {report.accuracy.chip:.4f}; estimate for {report.chip.name}: "
        f"{report.energy_j.total * 1e6:.3f} µJ and {report.latency_s.total * 1e6:.1f} µs per "
        f"inference on {report.chip.cores_used} cores"
        + (f" of {report.chip.chips_used} chips" if report.chip.chips_used > 1 else "")
        + ("" if report.chip.fits else ", does not fit")
    )
