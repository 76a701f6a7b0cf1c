"""The top of the page: what was costed, on what, and the numbers that decide."""

from hwsim.report.html_text import safe
from hwsim.report.model import EmulatedReport, Report
from hwsim.report.terms import TERMS, stages
from hwsim.report.units import count, percent, si


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
        f'<dl class="verdict">{accuracy_card(report)}{_energy(report)}{_latency(report)}'
        f"{_cores(report)}</dl></header>"
    )


def _warnings(report: Report) -> list[str]:
    warnings = [
        f"The network doesn't fit: {excess.limit} {count(excess.used)} exceed "
        f"{count(excess.allowed)} by {count(excess.used - excess.allowed)}. Energy and time are "
        "estimated as if the chip had room."
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


def _energy(report: Report) -> str:
    energy = report.energy_j
    largest = max(TERMS, key=lambda term: getattr(energy, term.key))
    share = getattr(energy, largest.key) / energy.total if energy.total else 0.0
    detail = f"{percent(share, 0)} {largest.label.lower()}"
    return _card("Energy per inference, estimate", si(energy.total, "J"), safe(detail))


def _latency(report: Report) -> str:
    latency = report.latency_s
    detail = f"{count(latency.steps)} chip steps, mean {si(latency.per_step, 's')}"
    return _card("Latency, estimate", si(latency.total, "s"), detail)


def _cores(report: Report) -> str:
    chip = report.chip
    verdict = (
        '<span class="good">fits</span>' if chip.fits else '<span class="bad">does not fit</span>'
    )
    figure = f"{count(chip.cores_used)} of {count(chip.cores)}"
    return _card("Cores", figure, f"{verdict} {safe(chip.name)}")


def _card(label: str, figure: str, detail: str) -> str:
    """One number of the verdict; `detail` is HTML."""
    return (
        f'<div><dt>{safe(label)}</dt><dd><div class="figure">{safe(figure)}</div>'
        f'<div class="small">{detail}</div></dd></div>'
    )
