"""The page's tables and lists, drawn from the report."""

from hwsim.report.chip_cost import ChipConstant
from hwsim.report.fields import Fact
from hwsim.report.html_table import Column, table
from hwsim.report.html_text import Markup, safe
from hwsim.report.model import EmulatedReport, Layer, Report
from hwsim.report.terms import TERMS
from hwsim.report.units import count, percent, si

UNITS = {"_j": "J", "_s": "s", "_w": "W"}
"""The unit that the end of a chip constant's key names."""


def layer_table(report: Report) -> str:
    """One row per layer; columns that would be empty throughout are left out."""
    changed = bool(report.fidelity)
    clipped = any(layer.saturations or layer.wraps for layer in report.layers)
    heads = ["Neurons", "Cores", "Synapses in", "Spikes", "Spike rate", "SynOps", "Messages"]
    columns = [
        Column("Layer", ""),
        Column("Shape", "close"),
        *map(Column, heads),
        Column("Energy"),
        *([Column("Spikes changed by freezing")] if changed else []),
        *([Column("Saturations"), Column("Wraps")] if clipped else []),
    ]
    rows = [
        [
            *_layer_cells(layer),
            *([_optional_percent(report.fidelity.get(layer.name))] if changed else []),
            *([count(layer.saturations), count(layer.wraps)] if clipped else []),
        ]
        for layer in report.layers
    ]
    return section(
        "layers",
        "Layers",
        "Spikes, synaptic operations (SynOps), messages and energy are per inference, mean of "
        f"{count(report.simulated_samples)} samples. Spike rate is spikes per neuron and step. "
        "Energy is an estimate, without the host's.",
        table("Layers", columns, rows),
    )


def quantisation_table(report: EmulatedReport) -> str:
    """Facts about each layer's integers, a column per fact; nothing when there are none."""
    text = "How each layer's numbers became the chip's integers."
    return _fact_table("quantisation", "Quantisation", "Layer", text, report.quantisation)


def waiting_table(report: EmulatedReport) -> str:
    """Paths that wait for longer ones; nothing for a plain chain."""
    text = (
        "A shortcut is fewer steps long than the layers beside it. So that both arrive together, "
        "as in training, its spikes wait; where relays are shared, the first path counts them."
    )
    return _fact_table("waiting", "Paths that wait", "Path", text, report.waiting)


def _fact_table(
    key: str, title: str, head: str, text: str, named: dict[str, dict[str, Fact]]
) -> str:
    """A row per name, a column per fact; nothing when there are none."""
    if not named:
        return ""
    facts = list(dict.fromkeys(fact for own in named.values() for fact in own))
    rows = [[name, *(_fact(own.get(fact)) for fact in facts)] for name, own in named.items()]
    columns = [Column(head, ""), *(Column(_words(fact)) for fact in facts)]
    return section(key, title, text, table(title, columns, rows))


def event_table(report: Report) -> str:
    """Every priced event and the sum of their energies."""
    labels = {term.key: term.label for term in TERMS}
    rows = [
        [
            _capital(event.event),
            labels.get(event.term, event.term),
            count(event.count_per_inference),
            si(event.energy_each_j, "J"),
            si(event.energy_j, "J"),
            "" if event.latency_each_s is None else si(event.latency_each_s, "s"),
            _grade(event.grade),
            _source_link(report, event.source),
            event.note,
        ]
        for event in report.events
    ]
    columns = [
        Column("Event", ""), Column("Term", "close"), Column("Per inference"),
        Column("Energy of one"), Column("Energy"), Column("Time of one"), Column("Grade", ""),
        Column("Source", ""), Column("Note", "note"),
    ]  # fmt: skip
    foot = ["Total", "", "", "", si(report.energy_j.total, "J"), "", "", "", ""]
    return section(
        "events",
        "Events and their costs",
        "Counts come from the emulated network, costs from the chip file; energies are estimates. "
        "An event without a time doesn't enter the latency.",
        table("Events and their costs", columns, rows, foot),
    )


def assumption_list(report: Report) -> str:
    """What the estimate takes as given and leaves out."""
    items = "".join(f"<li>{safe(sentence)}</li>" for sentence in report.assumptions)
    return section("assumptions", "Assumptions", "", f'<ul class="plain-list">{items}</ul>')


def silicon_list(report: Report) -> str:
    """Where a real chip may differ; nothing in a report that doesn't say."""
    if not report.silicon:
        return ""
    items = "".join(f"<li>{safe(sentence)}</li>" for sentence in report.silicon)
    text = "The emulator is bit-exact to Lava's CPU models; nothing was run on silicon."
    return section(
        "silicon",
        "Where real silicon may differ",
        text,
        f'<ul class="plain-list">{items}</ul>',
    )


def source_list(report: Report) -> str:
    """Where the numbers come from, and all of the chip file's constants."""
    items = "".join(
        f'<li id="source-{number}">{safe(source.citation)} <code>{safe(source.key)}</code></li>'
        for number, source in enumerate(report.sources, start=1)
    )
    rows = [
        [
            Markup(f"<code>{safe(constant.key)}</code>"),
            _constant(constant),
            _grade(constant.grade),
            _source_link(report, constant.source),
            constant.note,
        ]
        for constant in report.constants
    ]
    columns = [
        Column("Key", ""), Column("Value"), Column("Grade", ""), Column("Source", ""),
        Column("Note", "note"),
    ]  # fmt: skip
    return section(
        "sources",
        "Sources",
        "Grades: published by the maker, measured on silicon, derived from such numbers, or "
        "assumed for want of one.",
        f'<ol class="plain-list">{items}</ol><details><summary>All {len(rows)} constants of '
        f"{safe(report.chip.title)}</summary>{table('Constants', columns, rows)}</details>",
    )


def section(key: str, title: str, text: str, content: str) -> str:
    """A titled part of the page; `content` is HTML, the text is escaped."""
    paragraph = f"<p>{safe(text)}</p>" if text else ""
    return (
        f'<section aria-labelledby="{key}-title"><h2 id="{key}-title">{safe(title)}</h2>'
        f"{paragraph}{content}</section>"
    )


def _layer_cells(layer: Layer) -> list[str]:
    energy = layer.energy_j
    return [
        layer.name,
        " \N{MULTIPLICATION SIGN} ".join(str(size) for size in layer.shape),
        count(layer.neurons),
        count(layer.cores),
        count(layer.synapses_in),
        count(layer.spikes_per_inference),
        percent(layer.spike_rate),
        count(layer.synops_per_inference),
        count(layer.messages_per_inference),
        si(energy.synops + energy.neurons + energy.messages + energy.static, "J"),
    ]


def _constant(constant: ChipConstant) -> str:
    if isinstance(constant.value, tuple):
        return ", ".join(constant.value)
    unit = UNITS.get(constant.key[-2:])
    return count(constant.value) if unit is None else si(constant.value, unit)


def _fact(fact: Fact) -> str:
    if fact is None:
        return ""
    if isinstance(fact, bool):
        return "yes" if fact else "no"
    return (
        f"{fact:,.6g}"
        if isinstance(fact, float)
        else f"{fact:,}"
        if isinstance(fact, int)
        else fact
    )


def _optional_percent(share: float | None) -> str:
    return "" if share is None else percent(share, 2)


def _grade(grade: str) -> Markup:
    return Markup(f'<span class="grade grade-{safe(grade)}">{safe(grade)}</span>')


def _source_link(report: Report, key: str) -> Markup:
    numbers = {source.key: number for number, source in enumerate(report.sources, start=1)}
    return Markup(f'<a href="#source-{numbers[key]}">{safe(key)}</a>')


def _words(key: str) -> str:
    return _capital(key.replace("_", " "))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
