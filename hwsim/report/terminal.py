"""The report as tables for a terminal; the caller prints what it gets."""

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from hwsim.report.chip_cost import Range
from hwsim.report.model import AnyReport, EmulatedReport, Layer, Report, UncostedReport
from hwsim.report.terms import TERMS, stages
from hwsim.report.units import count, percent, si
from hwsim.report.wording import cores_in_use, excess_sentence, span

MOST_LAYERS = 16
"""A screen is no place for fifty rows; report.md and report.html have them all."""

MOST_ASSUMPTIONS = 3
"""Of those that move the total, the largest."""


def summary(report: AnyReport) -> RenderableType:
    """Accuracy, layers, energy by term, latency, what the total hangs on, assumptions, notes.

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
        *([_sensitivity(report)] if report.sensitivity else []),
        _sentences("Assumptions", report.assumptions),
        *([_sentences("Where real silicon may differ", report.silicon)] if report.silicon else []),
    )


def _heading(report: Report) -> RenderableType:
    chip = report.chip
    verdict = Text("fits", style="green") if chip.fits else Text("does not fit", style="bold red")
    name = "" if report.recipe is None else f"{report.recipe}: "
    chosen = f"placed for {chip.objective.replace('-', ' ')}"
    lines = Text.assemble(
        Text(name, style="bold"),
        _size(report),
        f"\n{chip.title}: {cores_in_use(chip)}, {chosen}, ",
        verdict,
    )
    for excess in chip.excesses:
        lines.append(f"\n{excess_sentence(excess)}", "red")
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
    found = ", ".join(
        f"{stage.label} {_measured(getattr(accuracy, stage.key))}" for stage in stages(report)
    )
    return Text.assemble((f"Accuracy{of}: ", "bold"), found, "\n")


def _measured(share: float | None) -> str:
    return "not measured" if share is None else percent(share, 2)


def _layers(report: Report) -> RenderableType:
    table = _table("layer", "neurons", "spikes", "rate", "synops", "cores", "energy")
    shown = _costliest(report.layers)
    for layer in shown:
        table.add_row(
            Text(layer.name),
            count(layer.neurons),
            count(layer.spikes_per_inference),
            percent(layer.spike_rate),
            count(layer.synops_per_inference),
            count(layer.cores),
            si(layer.energy_j.total, "J"),
        )
    samples = f"mean of {count(report.simulated_samples)} samples"
    left_out = len(report.layers) - len(shown)
    which = f"; {left_out} that take less energy aren't shown" if left_out else ""
    return _titled(f"Layers, per inference ({samples}{which})", table)


def _costliest(layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
    """Those that take most energy, in the network's order."""
    if len(layers) <= MOST_LAYERS:
        return layers
    order = sorted(range(len(layers)), key=lambda index: -layers[index].energy_j.total)
    return tuple(layers[index] for index in sorted(order[:MOST_LAYERS]))


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
        table.add_row(term.label, si(joules, "J"), _share(joules, energy.total))
    table.add_section()
    core = energy.core_dynamic
    table.add_row("core dynamic (first three)", si(core, "J"), _share(core, energy.total))
    table.add_row("total", si(energy.total, "J"), _range(report.energy_range_j, "J"), style="bold")
    return _titled("Energy per inference (estimate)", table)


def _share(part: float, total: float) -> str:
    return percent(part / total) if total else ""


def _range(found: Range, unit: str) -> str:
    return span(found, unit) or "no range known"


def _throttled(report: Report) -> bool:
    """Whether every step lasts as long as the throttle, at either end of the costs' ranges."""
    total = report.latency_range_s
    return report.latency_s.throttle is not None and total.low == total.high


def _latency(report: Report) -> RenderableType:
    latency = report.latency_s
    table = _table("quantity", "value", "range")
    table.add_row(f"{count(latency.steps)} chip steps, mean of each", si(latency.per_step, "s"), "")
    table.add_row("of which barrier", si(latency.barrier_per_step, "s"), "")
    if latency.throttle is not None:
        table.add_row("no step is shorter than", si(latency.throttle, "s"), "")
    table.add_row("slowest sample", si(latency.slowest_sample, "s"), "")
    table.add_row("pipelined", f"{count(latency.pipelined_per_s)} inferences/s", "")
    table.add_row("energy-delay product", si(report.energy_delay_js, "J·s"), "")
    table.add_section()
    total = report.latency_range_s
    spread = "set by the throttle" if _throttled(report) else _range(total, "s")
    table.add_row("total", si(latency.total, "s"), spread, style="bold")
    return _titled("Latency of one inference (estimate)", table)


def _sensitivity(report: Report) -> RenderableType:
    table = _table("assumption", "energy at one end", "at the other")
    ordered = sorted(report.sensitivity, key=lambda each: -each.swing_j)
    for each in ordered[:MOST_ASSUMPTIONS]:
        low, high = f"{si(each.low_j, 'J')}: {each.low}", f"{si(each.high_j, 'J')}: {each.high}"
        table.add_row(Text(each.assumption), Text(low), Text(high))
    return _titled("What moves the total most", table)


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
