"""Parts of report.md that every report has: what was measured, costed or not."""

from itertools import pairwise

from hwsim.ledger.entry import LedgerEntry
from hwsim.report.emulated import EmulatedLayer, EmulatedReport, UncostedReport
from hwsim.report.fields import Fact
from hwsim.report.html_ledger import points
from hwsim.report.markdown_text import alert, heading, section, table
from hwsim.report.terms import stages
from hwsim.report.units import count, percent
from hwsim.report.wording import fact, head, runtime_cells, shape


def uncosted_headline(report: UncostedReport) -> str:
    """Title, size, and why nothing is claimed."""
    return "\n\n".join(
        (
            heading(1, f"{report.recipe or 'Network'}: no chip equivalent"),
            f"{size(report)} Accuracies and event counts are measured.",
            alert(
                f"No chip equivalent. {report.no_chip_equivalent} No energy and no latency are "
                "claimed."
            ),
        )
    )


def size(report: EmulatedReport) -> str:
    """Neurons, synapses and steps in one sentence."""
    network = report.network
    return (
        f"{count(network.neurons)} neurons, {count(network.synapses)} synapses, "
        f"T = {network.time_steps} steps per layer."
    )


def accuracy_section(report: EmulatedReport) -> str:
    """Accuracy at each stage, and the ledger of transformations where there is one."""
    samples = report.accuracy.samples
    on = "" if samples is None else f"Share of {count(samples)} test samples classified right."
    rows = [
        [stage.label, _accuracy(getattr(report.accuracy, stage.key))] for stage in stages(report)
    ]
    return section("Accuracy", on, table(["Stage", "Accuracy"], rows), *_ledger(report))


def _accuracy(share: float | None) -> str:
    return "not measured" if share is None else percent(share, 2)


def _ledger(report: EmulatedReport) -> tuple[str, ...]:
    if not report.ledger:
        return ()
    heads = [
        "After", "What was done", "Test accuracy", "Change", "Calibration accuracy", "Change",
        "Spikes changed, most in",
    ]  # fmt: skip
    first = report.ledger[0]
    rows = [_ledger_cells(first, None)]
    rows += [_ledger_cells(entry, before) for before, entry in pairwise(report.ledger)]
    return (
        heading(3, "Where accuracy goes"),
        "Changes are in points, against the row above. The calibration split alone was looked at "
        "when something was chosen.",
        table(heads, rows, words=(0, 1, 6)),
    )


def _ledger_cells(entry: LedgerEntry, before: LedgerEntry | None) -> list[str]:
    test, calibration = entry.accuracy, entry.calibration_accuracy
    worst = max(entry.changed.items(), key=lambda item: item[1], default=None)
    return [
        entry.name,
        entry.what,
        percent(test, 2),
        "" if before is None else points(test - before.accuracy),
        percent(calibration, 2),
        "" if before is None else points(calibration - before.calibration_accuracy),
        "" if worst is None else f"{percent(worst[1], 2)} ({worst[0]})" if worst[1] else "none",
    ]


def emulated_layers_section(report: UncostedReport) -> str:
    """One row per layer, without what only a chip has."""
    heads = [
        "Layer", "Shape", "Neurons", "Synapses in", "Spikes", "Spike rate", "SynOps",
        "Saturations", "Wraps",
    ]  # fmt: skip
    rows = [
        [*counted_cells(layer), count(layer.saturations), count(layer.wraps)]
        for layer in report.layers
    ]
    return section("Layers", layers_text(report), table(heads, rows, words=(0, 1)))


def layers_text(report: EmulatedReport) -> str:
    """What the counts of the layer table are."""
    return (
        "Spikes and synaptic operations (SynOps) are per inference, mean of "
        f"{count(report.simulated_samples)} samples. Spike rate is spikes per neuron and step."
    )


def counted_cells(layer: EmulatedLayer) -> list[str]:
    """Name, shape, neurons, synapses in, spikes, rate, synaptic operations."""
    return [
        layer.name,
        shape(layer.shape),
        count(layer.neurons),
        count(layer.synapses_in),
        count(layer.spikes_per_inference),
        percent(layer.spike_rate),
        count(layer.synops_per_inference),
    ]


def quantisation_section(report: EmulatedReport) -> str:
    """Facts about each layer's integers; nothing when there are none."""
    text = "How each layer's numbers became the chip's integers."
    return _facts("Quantisation", "Layer", text, report.quantisation)


def waiting_section(report: EmulatedReport) -> str:
    """Paths that wait for longer ones; nothing for a plain chain."""
    text = (
        "A shortcut is fewer steps long than the layers beside it. So that both arrive together, "
        "its spikes wait."
    )
    return _facts("Paths that wait", "Path", text, report.waiting)


def _facts(title: str, name: str, text: str, named: dict[str, dict[str, Fact]]) -> str:
    if not named:
        return ""
    keys = list(dict.fromkeys(key for own in named.values() for key in own))
    rows = [[each, *(fact(own.get(key)) for key in keys)] for each, own in named.items()]
    return section(title, text, table([name, *map(head, keys)], rows))


def runtimes_section(report: EmulatedReport) -> str:
    """The same network in every runtime; nothing where none was verified."""
    if not report.runtimes:
        return ""
    heads = [
        "Runtime", "Precision", "Samples", "Spikes that differ", "Largest logit difference",
        "Accuracy", "Verdict", "Note",
    ]  # fmt: skip
    text = (
        "The exported files in every runtime, held to the reference decision by decision (neuron, "
        "step, sample), as `spikeport verify` found. What isn't installed was not checked."
    )
    rows = [runtime_cells(row) for row in report.runtimes]
    return section("Runtimes", text, table(heads, rows, words=(0, 1, 6, 7)))
