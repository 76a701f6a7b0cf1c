"""The report as tables for a terminal; the caller prints what it gets."""

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from hwsim.report.model import AnyReport, EmulatedReport, Report, UncostedReport
from hwsim.report.terms import TERMS, stages
from hwsim.report.units import count, percent, si


def summary(report: AnyReport) -> RenderableType:
    """Accuracy, layers, energy by term, latency, assumptions, notes, one under the other.

    Of a network that no chip could run: why, and what was measured.
    """
    if isinstance(report, UncostedReport):
        return Group(_uncosted_heading(report), _accuracy(report), _emulated_layers(report))
    return Group(
        _heading(report),
        _accuracy(report),
        _layers(report),
        _energy(report),
        _latency(report),
        _sentences("Assumptions", report.assumptions),
        *([_sentences("Where real silicon may differ", report.silicon)] if report.silicon else []),
    )


def _heading(report: Report) -> RenderableType:
    chip, size = report.chip, _size(report)
    use = f"{chip.title}: {count(chip.cores_used)} of {count(chip.cores)} cores"
    verdict = Text("fits", style="green") if chip.fits else Text("does not fit", style="bold red")
    name = "" if report.recipe is None else f"{report.recipe}: "
    lines = Text.assemble(Text(name, style="bold"), size, "\n", use, ", ", verdict)
    for excess in chip.excesses:
        over = excess.used - excess.allowed
        lines.append(f"\n{excess.limit}: {excess.used} exceed {excess.allowed} by {over}", "red")
    return Padding(lines, (1, 0))


def _uncosted_heading(report: UncostedReport) -> RenderableType:
    name = "" if report.recipe is None else f"{report.recipe}: "
    lines = Text.assemble(
        Text(name, style="bold"),
        _size(report),
        "\n",
        Text("no chip equivalent", style="bold red"),
        f": {report.no_chip_equivalent} No energy and no latency are claimed.",
    )
    return Padding(lines, (1, 0))


def _size(report: EmulatedReport) -> str:
    network = report.network
    return (
        f"{count(network.neurons)} neurons, {count(network.synapses)} synapses, "
        f"T = {network.time_steps}"
    )


def _accuracy(report: EmulatedReport) -> RenderableType:
    accuracy = report.accuracy
    of = "" if accuracy.samples is None else f" on {count(accuracy.samples)} test samples"
    table = _table("stage", "accuracy")
    for stage in stages(report):
        share: float | None = getattr(accuracy, stage.key)
        table.add_row(stage.label, "not measured" if share is None else percent(share, 2))
    return _titled(f"Accuracy{of}", table)


def _layers(report: Report) -> RenderableType:
    table = _table("layer", "neurons", "spikes", "rate", "synops", "cores", "energy")
    for layer in report.layers:
        energy = layer.energy_j
        table.add_row(
            Text(layer.name),
            count(layer.neurons),
            count(layer.spikes_per_inference),
            percent(layer.spike_rate),
            count(layer.synops_per_inference),
            count(layer.cores),
            si(energy.synops + energy.neurons + energy.messages + energy.static, "J"),
        )
    samples = count(report.simulated_samples)
    return _titled(f"Layers, per inference (mean of {samples} samples)", table)


def _emulated_layers(report: UncostedReport) -> RenderableType:
    table = _table("layer", "neurons", "spikes", "rate", "synops")
    for layer in report.layers:
        table.add_row(
            Text(layer.name),
            count(layer.neurons),
            count(layer.spikes_per_inference),
            percent(layer.spike_rate),
            count(layer.synops_per_inference),
        )
    samples = count(report.simulated_samples)
    return _titled(f"Layers, per inference (mean of {samples} samples)", table)


def _energy(report: Report) -> RenderableType:
    energy = report.energy_j
    table = _table("term", "energy", "share")
    for term in TERMS:
        joules: float = getattr(energy, term.key)
        share = joules / energy.total if energy.total else 0.0
        table.add_row(term.label, si(joules, "J"), percent(share))
    table.add_section()
    table.add_row("total", si(energy.total, "J"), "", style="bold")
    return _titled("Energy per inference (estimate)", table)


def _latency(report: Report) -> RenderableType:
    latency = report.latency_s
    table = _table("quantity", "time")
    table.add_row(f"{count(latency.steps)} chip steps, mean of each", si(latency.per_step, "s"))
    table.add_row("of which barrier", si(latency.barrier_per_step, "s"))
    table.add_row("slowest sample", si(latency.slowest_sample, "s"))
    table.add_section()
    table.add_row("total", si(latency.total, "s"), style="bold")
    return _titled("Latency of one inference (estimate)", table)


def _sentences(title: str, sentences: tuple[str, ...]) -> RenderableType:
    lines = Text(f"{title}\n", style="bold")
    for sentence in sentences:
        lines.append(f"- {sentence}\n", style="dim not bold")
    return lines


def _titled(title: str, table: Table) -> RenderableType:
    return Group(Text(title, style="bold"), table)


def _table(*columns: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for position, column in enumerate(columns):
        table.add_column(column, justify="right" if position else "left")
    return table
