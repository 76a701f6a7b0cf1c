"""The page of a network that no chip could run: what was measured, and why nothing is claimed."""

from hwsim.report.charts.table import charts
from hwsim.report.emulated import EmulatedLayer, UncostedReport
from hwsim.report.html_header import accuracy_card, alert
from hwsim.report.html_ledger import ledger_table
from hwsim.report.html_page import figures, framed, part
from hwsim.report.html_runtimes import runtime_table
from hwsim.report.html_table import Column, table
from hwsim.report.html_tables import quantisation_table, section, waiting_table
from hwsim.report.html_text import safe
from hwsim.report.units import count, percent

TITLE = "No chip equivalent"


def uncosted_page(report: UncostedReport, beside: str) -> str:
    """The whole page as text.

    Args:
        report: what is drawn.
        beside: HTML that links the training page, or nothing.
    """
    drawn = charts(report)
    return framed(
        f"{report.recipe or 'network'}, no chip equivalent: spikeport report",
        (
            _header(report),
            part(
                "part-accuracy", "Accuracy",
                figures([chart for chart in drawn if chart.key != "spikes"], heading="h3"),
                beside, ledger_table(report), runtime_table(report),
            ),
            part(
                "part-activity", "Activity",
                figures([chart for chart in drawn if chart.key == "spikes"], heading="h3"),
                _layer_table(report), quantisation_table(report), waiting_table(report),
            ),
            "<footer>Drawn from report.json alone. Events were counted in the simulated network."
            "</footer>",
        ),
        drawn,
    )  # fmt: skip


def _header(report: UncostedReport) -> str:
    network = report.network
    return (
        '<header><p class="kicker">spikeport report</p>'
        f"<h1>{safe(report.recipe or 'Network')}: {TITLE.lower()}</h1>"
        f'<p class="lead">{count(network.neurons)} neurons, {count(network.synapses)} synapses, '
        f"T = {network.time_steps} steps per layer. Accuracies and event counts are measured.</p>"
        f"{alert(f'{TITLE}. {report.no_chip_equivalent} No energy and no latency are claimed.')}"
        f'<dl class="verdict">{accuracy_card(report)}</dl></header>'
    )


def _layer_table(report: UncostedReport) -> str:
    heads = ["Neurons", "Synapses in", "Spikes", "Spike rate", "SynOps", "Saturations", "Wraps"]
    changed = bool(report.fidelity)
    columns = [
        Column("Layer", ""),
        Column("Shape", "close"),
        *map(Column, heads),
        *([Column("Spikes changed by freezing")] if changed else []),
    ]
    rows = [
        [*_cells(layer), *([_changed(report, layer)] if changed else [])] for layer in report.layers
    ]
    return section(
        "layers",
        "Layers",
        "Spikes and synaptic operations (SynOps) are per inference, mean of "
        f"{count(report.simulated_samples)} samples. Spike rate is spikes per neuron and step.",
        table("Layers", columns, rows),
    )


def _cells(layer: EmulatedLayer) -> list[str]:
    return [
        layer.name,
        " \N{MULTIPLICATION SIGN} ".join(str(size) for size in layer.shape),
        count(layer.neurons),
        count(layer.synapses_in),
        count(layer.spikes_per_inference),
        percent(layer.spike_rate),
        count(layer.synops_per_inference),
        count(layer.saturations),
        count(layer.wraps),
    ]


def _changed(report: UncostedReport, layer: EmulatedLayer) -> str:
    share = report.fidelity.get(layer.name)
    return "" if share is None else percent(share, 2)
