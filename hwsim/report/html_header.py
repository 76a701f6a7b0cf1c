"""The top of the page: what was costed, on what, and the numbers that decide."""

from collections.abc import Sequence

from hwsim.report.html_text import Markup, safe
from hwsim.report.model import EmulatedReport, Report
from hwsim.report.placed import Excess
from hwsim.report.terms import TERMS, stages
from hwsim.report.units import count, percent, si, si_range


def header(report: Report) -> str:
    """Title, one paragraph, warnings if any, and the verdict."""
    network = report.network
    return (
        '<header><p class="kicker">spikeport report</p>'
        f"<h1>{safe(report.recipe or 'Network')} on {safe(report.chip.title)}</h1>"
        f'<p class="lead">{count(network.neurons)} neurons, {count(network.synapses)} synapses, '
        f"T = {network.time_steps} steps per layer. Accuracies and event counts are measured; "
        "energy and time are estimates from them.</p>"
        f"{''.join(alert(text) for text in _warnings(report))}"
        f'<dl class="verdict cards">{accuracy_card(report)}{_energy(report)}{_latency(report)}'
        f"{_cores(report)}{_core_dynamic(report)}{_energy_delay(report)}</dl></header>"
    )


def _warnings(report: Report) -> list[str]:
    warnings = [
        f"The network doesn't fit: {excess.limit} {count(excess.used)} exceed "
        f"{count(excess.allowed)} by {count(excess.used - excess.allowed)}.{_advice(excess)} "
        "Energy and time are estimated as if the chip had room."
        for excess in report.chip.excesses
    ]
    for name, event in (("saturations", "clipped at"), ("wraps", "wrapped around")):
        total = sum(getattr(layer, name) for layer in report.layers)
        if total:
            warnings.append(
                f"State {event} 24 bits {count(total)} times in "
                f"{count(report.simulated_samples)} samples; see the layer table."
            )
    return warnings


def alert(text: str) -> str:
    """A paragraph that can't be overlooked."""
    return f'<p class="alert" role="note">{safe(text)}</p>'


def accuracy_card(report: EmulatedReport) -> str:
    """Accuracy at each stage, as one card of the verdict."""
    measured = [getattr(report.accuracy, stage.key) for stage in stages(report)]
    if not any(share is not None for share in measured):
        return '<div><dt>Accuracy</dt><dd class="small">not measured</dd></div>'
    items = "".join(
        _stage(stage.label, share) for stage, share in zip(stages(report), measured, strict=True)
    )
    samples = report.accuracy.samples
    of = "" if samples is None else f", {count(samples)} test samples"
    return f'<div><dt>Accuracy{of}</dt><dd><ol class="stages">{items}</ol></dd></div>'


def _stage(label: str, share: float | None) -> str:
    if share is None:
        figure, label = "\N{EN DASH}", f"{label}, not measured"
    else:
        figure = percent(share, 2)
    return f'<li><span class="figure">{figure}</span><span class="small">{safe(label)}</span></li>'


def _advice(excess: Excess) -> str:
    return f" What would help: {excess.advice.rstrip('.')}." if excess.advice else ""


def _energy(report: Report) -> str:
    energy, between = report.energy_j, report.energy_range_j
    largest = max(TERMS, key=lambda term: getattr(energy, term.key))
    share = getattr(energy, largest.key) / energy.total if energy.total else 0.0
    detail = (
        f"low to high: {si_range(between.low, between.high, 'J')}",
        f"{percent(share, 0)} {largest.label if largest.key == 'io' else largest.label.lower()}",
    )
    return _card("Energy per inference, estimate", si(energy.total, "J"), detail)


def _latency(report: Report) -> str:
    latency, between = report.latency_s, report.latency_range_s
    detail = (
        f"low to high: {si_range(between.low, between.high, 's')}",
        f"{count(latency.steps)} chip steps, mean {si(latency.per_step, 's')}",
        f"pipelined: {count(float(f'{latency.pipelined_per_s:.3g}'))} inferences per second",
    )
    return _card("Latency, estimate", si(latency.total, "s"), detail)


def _core_dynamic(report: Report) -> str:
    energy = report.energy_j
    share = energy.core_dynamic / energy.total if energy.total else 0.0
    detail = (
        f"{percent(share, 0)} of the total, often quoted alone",
        "SynOps, neuron updates, messages",
    )
    return _card("Core dynamic part, estimate", si(energy.core_dynamic, "J"), detail)


def _energy_delay(report: Report) -> str:
    detail = ("energy times latency of one inference",)
    return _card(
        "Energy-delay product, estimate", si(report.energy_delay_js, "J\N{MIDDLE DOT}s"), detail
    )


def _cores(report: Report) -> str:
    chip = report.chip
    verdict = (
        '<span class="good">fits</span>' if chip.fits else '<span class="bad">does not fit</span>'
    )
    on = f"{count(chip.chips_used)} {'chip' if chip.chips_used == 1 else 'chips'}"
    tiles = f"{count(chip.tiles_used)} {'tile' if chip.tiles_used == 1 else 'tiles'}"
    detail = (
        Markup(f"{verdict} {safe(chip.name)}"),
        f"{tiles}; {count(chip.cores)} cores per chip",
    )
    cores = f"{count(chip.cores_used)} {'core' if chip.cores_used == 1 else 'cores'}"
    return _card("Placement", f"{cores}, {on}", detail)


def _card(label: str, figure: str, detail: Sequence[str]) -> str:
    """One number of the verdict with lines below it."""
    lines = "".join(f'<div class="small">{safe(line)}</div>' for line in detail)
    return (
        f'<div><dt>{safe(label)}</dt><dd><div class="figure">{safe(figure)}</div>{lines}</dd></div>'
    )
