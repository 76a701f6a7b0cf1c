"""`spikeport report` on an imported network: costed where it has a chip file, else counted only."""

from collections.abc import Callable
from pathlib import Path

from export.chip.chip_file import read_chip
from export.nir_file import read_nir
from hwsim.counting.report import counted_report
from hwsim.engine.readout import chip_logits
from hwsim.engine.trace import Trace
from hwsim.engine.trace_file import load_trace
from hwsim.errors import SimulationError
from hwsim.imported.record import ImportRecord, enter_stage, read_record, write_record
from hwsim.imported.simulate import accuracy_of, opened_safely
from hwsim.pipeline.asked_cost import costed
from hwsim.pipeline.conversion_facts import quantised_facts
from hwsim.pipeline.run_folder import RunFolder
from hwsim.report.html import write_html
from hwsim.report.json_file import write_report
from hwsim.report.markdown import write_markdown
from hwsim.report.model import Accuracy, AnyReport, UncostedReport
from hwsim.report.run_facts import with_run_facts
from trainers.file_hash import sha256
from trainers.npz_file import read_npz
from trainers.recipe_tables import ReportTable


def report_imported(
    path: Path, chip: str | None, table: ReportTable, say: Callable[[str], None]
) -> AnyReport:
    """Writes report.json, report.html and report.md.

    Args:
        path: of the run folder.
        chip: to cost it for; None for the one it was costed for before.
        table: how it is placed on the chip.
        say: told where the page is.

    Raises:
        SimulationError: it wasn't simulated.
        SpikeportError: a file is damaged, or there is no such chip.
    """
    folder = RunFolder(path)
    record = read_record(folder)
    opened_safely(folder)
    if chip is not None:
        record = record.model_copy(update={"chip": chip})
        write_record(folder, record)
    report: AnyReport
    if record.no_chip is None:
        report, made_from = _costed(folder, record, table), folder.trace
    else:
        report, made_from = _counted(folder, record, record.no_chip), folder.spike_counts
    write_report(report, folder.report_json)
    write_html(report, folder.report_html)
    write_markdown(report, folder.report_markdown)
    enter_stage(
        folder,
        "report",
        [sha256(made_from), record.chip, table.model_dump(mode="json")],
        [folder.report_json, folder.report_html, folder.report_markdown],
    )
    say(f"report: {folder.report_html}")
    return report


def _costed(folder: RunFolder, record: ImportRecord, table: ReportTable) -> AnyReport:
    if not folder.trace.is_file():
        raise SimulationError(
            f"{folder.trace}: no such file. Simulate first: spikeport simulate {folder.path}."
        )
    trace = load_trace(folder.trace, read_chip(folder.chip))
    accuracy = _accuracy(folder, trace.samples, trace)
    return with_run_facts(
        costed(trace, record.chip, table, accuracy.chip),
        accuracy=accuracy,
        recipe=record.source,
        quantisation=quantised_facts(record.quantised),
    )


def _counted(folder: RunFolder, record: ImportRecord, reason: str) -> UncostedReport:
    graph = read_nir(folder.nir, type_check=False)
    report = counted_report(graph, folder.spike_counts, reason)
    accuracy = _accuracy(folder, report.simulated_samples, None)
    return with_run_facts(report, accuracy=accuracy, recipe=record.source)


def _accuracy(folder: RunFolder, samples: int, trace: Trace | None) -> Accuracy:
    frozen = read_npz(folder.samples, ("logits",))["logits"][:samples]
    return Accuracy(
        frozen=accuracy_of(folder, frozen),
        chip=None if trace is None else accuracy_of(folder, chip_logits(trace)),
        samples=samples,
    )
