"""Parts of report.md about other chips, the equal ANN, printed bounds and NeuroBench's metrics."""

from hwsim.report.alternatives import Alternatives, DenseLayer, DeviceRow, NeuroBench
from hwsim.report.chip_cost import Range
from hwsim.report.markdown_text import escaped, heading, link, section, table
from hwsim.report.model import Report
from hwsim.report.units import count, percent, si

METRICS = tuple(name for name in NeuroBench.model_fields if name != "scope")
SHARES = ("connection_sparsity", "classification_accuracy", "activation_sparsity")


def devices_section(report: Report) -> str:
    """The network on other chips and devices; nothing where none was costed."""
    if not report.devices:
        return ""
    heads = [
        "Device", "Low", "Nominal", "High", "Latency", "Cores", "Chips", "Fits", "Kind", "Scope",
        "Source",
    ]  # fmt: skip
    rows = [_device_cells(device) for device in report.devices]
    return section(
        "Other chips and devices",
        "Energy of one inference, estimates. Kind: placed and costed event by event (chip), or "
        "synaptic operations and neuron updates times a price (operations).",
        table(heads, rows, words=(0, 7, 8, 9, 10)),
    )


def _device_cells(device: DeviceRow) -> list[str]:
    return [
        device.title,
        *_energies(device.energy_j),
        "" if device.latency_s is None else si(device.latency_s, "s"),
        "" if device.cores is None else count(device.cores),
        "" if device.chips is None else count(device.chips),
        "" if device.fits is None else "yes" if device.fits else "no",
        device.kind,
        device.scope,
        device.source,
    ]


def _energies(found: Range | None) -> list[str]:
    if found is None:
        return ["", "", ""]
    return [si(found.low, "J"), si(found.nominal, "J"), si(found.high, "J")]


def alternatives_section(report: Report) -> str:
    """Against the ANN of equal architecture: operations, energies, bounds with verdicts."""
    found = report.alternatives
    if found is None:
        return ""
    return section(
        "Against the equal ANN",
        f"{count(found.spikes_per_synapse)} spikes per synapse and inference, "
        f"mean rate {percent(found.mean_rate)} per neuron and step.",
        *_priced(found),
        *_bounds(found),
        *_dense_layers(found),
    )


def _priced(found: Alternatives) -> tuple[str, ...]:
    if not found.priced:
        return ()
    heads = [
        "Prices", "ANN", "This network", "Break-even, spikes per synapse", "What is counted",
        "Source",
    ]  # fmt: skip
    rows = [
        [
            pair.prices,
            si(pair.ann_j, "J"),
            si(pair.snn_j, "J"),
            "none" if pair.break_even is None else count(pair.break_even),
            pair.note,
            pair.source,
        ]
        for pair in found.priced
    ]
    return heading(3, "Energy under one price list"), table(heads, rows, words=(0, 4, 5))


def _bounds(found: Alternatives) -> tuple[str, ...]:
    if not found.bounds:
        return ()
    rows = [
        [
            link(bound.work, bound.url),
            bound.quantity,
            count(bound.low)
            if bound.low == bound.high
            else f"{count(bound.low)} to {count(bound.high)}",
            count(bound.value),
            bound.verdict,
            bound.sentence,
        ]
        for bound in found.bounds
    ]
    heads = ["Work", "Quantity", "Bound", "This network", "Verdict", "In words"]
    return heading(3, "Printed bounds"), table(heads, rows, words=(0, 1, 4, 5))


def _dense_layers(found: Alternatives) -> tuple[str, ...]:
    if not found.layers:
        return ()
    heads = ["Layer", "MACs of the ANN", "SynOps of this network", "Spikes per synapse"]
    rows = [_dense_cells(layer) for layer in found.layers]
    return heading(3, "Operations by layer"), table(heads, rows)


def _dense_cells(layer: DenseLayer) -> list[str]:
    per_synapse = layer.spikes_in_per_synapse
    return [
        layer.layer,
        count(layer.macs),
        count(layer.synops),
        "" if per_synapse is None else count(per_synapse),
    ]


def neurobench_section(report: Report) -> str:
    """Metrics under NeuroBench's own names; what wasn't measured is left out."""
    found = report.neurobench
    if found is None:
        return ""
    values = {name: getattr(found, name) for name in METRICS}
    rows = [[name, _metric(name, value)] for name, value in values.items() if value is not None]
    text = escaped(f"Counted by NeuroBench's rules, mean per inference. {found.scope}")
    return section("NeuroBench metrics", text, table(["Metric", "Value"], rows))


def _metric(name: str, value: float) -> str:
    return f"{value:.4f}" if name in SHARES else count(value)
