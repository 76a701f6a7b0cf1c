"""Parts of report.md about energy, time, the chip's use, and what the total hangs on."""

from hwsim.report.markdown_emulated import counted_cells, layers_text, size
from hwsim.report.markdown_text import alert, heading, link, section, strong, table
from hwsim.report.model import Layer, Report
from hwsim.report.placed import FitRow, Use
from hwsim.report.terms import TERMS
from hwsim.report.units import count, percent, si
from hwsim.report.wording import capital, cores_in_use, span, warnings


def headline(report: Report) -> str:
    """Title, size, warnings if any, and the numbers that decide."""
    energy, latency, chip = report.energy_range_j, report.latency_range_s, report.chip
    fits = "fits" if chip.fits else "does not fit"
    rows = [
        ["Energy per inference, estimate", si(energy.nominal, "J"), span(energy, "J")],
        ["Latency, estimate", si(latency.nominal, "s"), span(latency, "s")],
        ["Energy-delay product", si(report.energy_delay_js, "J·s"), ""],
        ["Cores", f"{cores_in_use(chip)}: {fits}", ""],
        ["Placement chosen for", chip.objective.replace("-", " "), ""],
    ]
    chip_accuracy = report.accuracy.chip
    if chip_accuracy is not None:
        rows.insert(0, ["Accuracy on the chip, emulated", percent(chip_accuracy, 2), ""])
    return "\n\n".join(
        (
            heading(1, f"{report.recipe or 'Network'} on {chip.title}"),
            f"{size(report)} Accuracies and event counts are measured; energy and time are "
            "estimates from them.",
            *map(alert, warnings(report)),
            table(["Quantity", "Nominal", "Low to high"], rows),
        )
    )


def energy_section(report: Report) -> str:
    """Every term, the total and its range."""
    energy, total = report.energy_j, report.energy_range_j
    joules = {term.label: getattr(energy, term.key) for term in TERMS}
    rows = [[label, si(each, "J"), _share(each, energy.total)] for label, each in joules.items()]
    core = si(energy.core_dynamic, "J")
    return section(
        "Energy",
        "Joules of one inference: counted events times the cost per event of the chip file.",
        table(
            ["Term", "Energy", "Share"],
            [
                *rows,
                [strong("Total"), strong(si(total.nominal, "J")), ""],
                ["Total, every cost at the low end of its range", si(total.low, "J"), ""],
                ["Total, every cost at the high end", si(total.high, "J"), ""],
            ],
        ),
        "Synaptic operations, neuron updates and messages, which papers often quote alone: "
        f"{core}.",
    )


def _share(part: float, total: float) -> str:
    return percent(part / total) if total else ""


def latency_section(report: Report) -> str:
    """Time of one inference, of a step, and what the longest step is made of."""
    latency, line = report.latency_s, report.step_line
    total = report.latency_range_s
    rows = [
        ["One inference", si(latency.total, "s")],
        ["Low to high", span(total, "s")],
        ["Chip steps", count(latency.steps)],
        ["Mean step", si(latency.per_step, "s")],
        ["Of which barrier", si(latency.barrier_per_step, "s")],
        ["Slowest sample", si(latency.slowest_sample, "s")],
        ["Pipelined", f"{count(latency.pipelined_per_s)} inferences/s"],
        ["Steps that the busiest link sets", count(latency.link_bound_steps)],
    ]
    if latency.throttle is not None:
        rows.append(["No step is shorter than", si(latency.throttle, "s")])
    return section(
        "Latency",
        "Time of one inference, without reading in and out.",
        table(["Quantity", "Value"], [row for row in rows if row[1]]),
        heading(3, f"Longest step: number {line.step}, {si(line.length_s, 's')}"),
        table(
            ["Core", "Layer", "Work"],
            [
                [
                    count(core.core),
                    core.layer,
                    ", ".join(f"{part.work} {si(part.seconds, 's')}" for part in core.segments),
                ]
                for core in line.cores
            ],
            words=(1, 2),
        ),
    )


def layers_section(report: Report) -> str:
    """One row per layer; columns that would be empty throughout are left out."""
    changed = bool(report.fidelity)
    clipped = any(layer.saturations or layer.wraps for layer in report.layers)
    heads = [
        "Layer", "Shape", "Neurons", "Synapses in", "Spikes", "Spike rate", "SynOps", "Messages",
        "Cores", "Energy",
        *(["Spikes changed by freezing"] if changed else []),
        *(["Saturations", "Wraps"] if clipped else []),
    ]  # fmt: skip
    rows = [_layer_cells(report, layer, changed, clipped) for layer in report.layers]
    text = f"{layers_text(report)} Energy is an estimate, without the host's and the chip's own."
    return section("Layers", text, table(heads, rows, words=(0, 1)))


def _layer_cells(report: Report, layer: Layer, changed: bool, clipped: bool) -> list[str]:
    share = report.fidelity.get(layer.name)
    return [
        *counted_cells(layer),
        count(layer.messages_per_inference),
        count(layer.cores),
        si(layer.energy_j.total, "J"),
        *(["" if share is None else percent(share, 2)] if changed else []),
        *([count(layer.saturations), count(layer.wraps)] if clipped else []),
    ]


def fit_section(report: Report) -> str:
    """How each layer's fullest core uses the chip, what binds, and what doesn't fit."""
    resources = list(dict.fromkeys(use.resource for row in report.fit for use in row.uses))
    heads = ["Layer", "Cores", "Cut into", "Formats", *map(capital, resources), "Binds"]
    rows = [_fit_cells(row, resources) for row in report.fit]
    words = (0, 2, 3, len(heads) - 1)
    excesses = [[*_excess_cells(report, index)] for index in range(len(report.chip.excesses))]
    return section(
        "Does it fit?",
        f"{capital(cores_in_use(report.chip))}. Per layer: the fullest core.",
        table(heads, rows, words),
        *(
            [table(["Exceeded", "Used", "Allowed", "By", "What would help"], excesses, (0, 4))]
            if excesses
            else ["No limit is exceeded."]
        ),
    )


def _fit_cells(row: FitRow, resources: list[str]) -> list[str]:
    uses = {use.resource: use for use in row.uses}
    return [
        row.layer,
        count(row.cores),
        " \N{MULTIPLICATION SIGN} ".join(map(str, row.parts)),
        ", ".join(row.formats),
        *(_use(uses.get(resource)) for resource in resources),
        row.binds,
    ]


def _use(use: Use | None) -> str:
    if use is None:
        return ""
    return f"{count(use.used)} of {count(use.limit)} ({percent(use.share, 0)})"


def _excess_cells(report: Report, index: int) -> list[str]:
    excess = report.chip.excesses[index]
    over = count(excess.used - excess.allowed)
    return [excess.limit, count(excess.used), count(excess.allowed), over, excess.advice]


def sensitivity_section(report: Report) -> str:
    """Which assumption moves the total, most first."""
    if not report.sensitivity:
        return ""
    rows = [
        [
            each.assumption,
            f"{si(each.low_j, 'J')} ({each.low})",
            f"{si(each.high_j, 'J')} ({each.high})",
            si(each.swing_j, "J"),
        ]
        for each in sorted(report.sensitivity, key=lambda each: -each.swing_j)
    ]
    return section(
        "What the total hangs on",
        f"Total energy with one assumption changed; nominal {si(report.energy_j.total, 'J')}.",
        table(["Assumption", "At its low end", "At its high end", "Swing"], rows, (0, 1, 2)),
    )


def events_section(report: Report) -> str:
    """Every priced event with its cost, grade and source."""
    labels = {term.key: term.label for term in TERMS}
    addresses = {source.key: source.url for source in report.sources}
    rows: list[list[str]] = [
        [
            capital(event.event),
            labels.get(event.term, event.term),
            count(event.count_per_inference),
            si(event.energy_each_j, "J"),
            si(event.energy_j, "J"),
            "" if event.latency_each_s is None else si(event.latency_each_s, "s"),
            event.grade,
            link(event.source, addresses[event.source]),
            event.note,
        ]
        for event in report.events
    ]
    heads = [
        "Event", "Term", "Per inference", "Energy of one", "Energy", "Time of one", "Grade",
        "Source", "Note",
    ]  # fmt: skip
    return section(
        "Events and their costs",
        "Counts come from the emulated network, costs from the chip file. An event without a time "
        "doesn't enter the latency.",
        table(heads, rows, words=(0, 1, 6, 7, 8)),
    )
