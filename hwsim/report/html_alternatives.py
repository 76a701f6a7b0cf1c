"""Against the ANN of equal architecture, and against bounds that others printed."""

from hwsim.report.alternatives import Alternatives, PrintedBound
from hwsim.report.html_table import Column, table
from hwsim.report.html_tables import section
from hwsim.report.html_text import Markup, outward, safe
from hwsim.report.model import Report
from hwsim.report.units import count, percent, si

TITLE = "Against the ANN of equal architecture"
BOUNDS = "Printed bounds"


def alternatives_section(report: Report) -> str:
    """Price lists, layers and printed bounds; nothing where they weren't worked out."""
    found = report.alternatives
    if found is None:
        return ""
    text = (
        f"This network: {count(found.spikes_per_synapse)} spikes per synapse and inference, mean "
        f"rate {percent(found.mean_rate)}. The ANN does every multiply-accumulate once. Energies "
        "are estimates; break-even is where both cost the same."
    )
    return section("alternatives", TITLE, text, _priced(found) + _layers(found)) + _bounds(found)


def _priced(found: Alternatives) -> str:
    columns = [
        Column("Prices of", ""), Column("ANN"), Column("SNN"), Column("SNN / ANN"),
        Column("Break-even, spikes per synapse"), Column("What is counted", "note"),
        Column("Source", "note"),
    ]  # fmt: skip
    rows = [
        [
            pair.prices,
            si(pair.ann_j, "J"),
            si(pair.snn_j, "J"),
            f"{pair.snn_j / pair.ann_j:.3g}" if pair.ann_j else "",
            "none" if pair.break_even is None else f"{pair.break_even:.3g}",
            pair.note,
            pair.source,
        ]
        for pair in found.priced
    ]
    return table(TITLE, columns, rows) if rows else ""


def _layers(found: Alternatives) -> str:
    if not found.layers:
        return ""
    columns = [
        Column("Layer", ""), Column("ANN, multiply-accumulates"),
        Column("SNN, synaptic operations"), Column("Spikes per synapse"),
    ]  # fmt: skip
    rows = [
        [
            layer.layer,
            count(layer.macs),
            count(layer.synops),
            "" if layer.spikes_in_per_synapse is None else f"{layer.spikes_in_per_synapse:.3g}",
        ]
        for layer in found.layers
    ]
    return (
        "<details><summary>Operations, layer by layer</summary>"
        f"{table('Operations', columns, rows)}</details>"
    )


def _bounds(found: Alternatives) -> str:
    if not found.bounds:
        return ""
    columns = [
        Column("Work", ""), Column("Bounds", ""), Column("Bound"), Column("This network"),
        Column("Verdict", ""), Column("In words", "note"),
    ]  # fmt: skip
    rows = [
        [
            outward(bound.url, bound.work), bound.quantity, _ends(bound), f"{bound.value:.3g}",
            _badge(bound.verdict), bound.sentence,
        ]
        for bound in found.bounds
    ]  # fmt: skip
    return section(
        "bounds",
        BOUNDS,
        "Below a bound an SNN can win by its authors' account, above it can't; within one it is "
        "undecided.",
        table(BOUNDS, columns, rows),
    )


def _ends(bound: PrintedBound) -> str:
    low, high = f"{bound.low:.3g}", f"{bound.high:.3g}"
    return low if low == high else f"{low} to {high}"


def _badge(verdict: str) -> Markup:
    return Markup(f'<span class="grade verdict-{safe(verdict)}">{safe(verdict)}</span>')
