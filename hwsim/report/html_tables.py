"""The page's tables and lists, drawn from the report."""

from hwsim.report.fields import Fact
from hwsim.report.html_table import Column, table
from hwsim.report.html_text import safe
from hwsim.report.model import EmulatedReport, Layer, Report
from hwsim.report.units import count, percent, si
from hwsim.report.wording import fact, head, shape


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
        "Energy is an estimate, without what belongs to no layer.",
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
    key: str, title: str, first: str, text: str, named: dict[str, dict[str, Fact]]
) -> str:
    """A row per name, a column per fact; nothing when there are none."""
    if not named:
        return ""
    keys = list(dict.fromkeys(key for own in named.values() for key in own))
    rows = [[name, *(fact(own.get(key)) for key in keys)] for name, own in named.items()]
    columns = [Column(first, ""), *(Column(head(key)) for key in keys)]
    return section(key, title, text, table(title, columns, rows))


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


def section(key: str, title: str, text: str, content: str) -> str:
    """A titled part of the page; `content` is HTML, the text is escaped."""
    paragraph = f"<p>{safe(text)}</p>" if text else ""
    return (
        f'<section aria-labelledby="{key}-title"><h3 id="{key}-title">{safe(title)}</h3>'
        f"{paragraph}{content}</section>"
    )


def _layer_cells(layer: Layer) -> list[str]:
    return [
        layer.name,
        shape(layer.shape),
        count(layer.neurons),
        count(layer.cores),
        count(layer.synapses_in),
        count(layer.spikes_per_inference),
        percent(layer.spike_rate),
        count(layer.synops_per_inference),
        count(layer.messages_per_inference),
        si(layer.energy_j.total, "J"),
    ]


def _optional_percent(share: float | None) -> str:
    return "" if share is None else percent(share, 2)
