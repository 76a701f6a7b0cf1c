"""training.html: how each layer trained, drawn from diagnostics.npz and metrics.csv alone."""

from pathlib import Path

from hwsim.report.charts.chart import Chart
from hwsim.report.charts.layer_epochs import LINES, gradient_chart, layer_epochs_chart
from hwsim.report.charts.layer_steps import HEAT_MAPS, layer_steps_chart
from hwsim.report.charts.membrane_histogram import membrane_histogram_chart
from hwsim.report.charts.training import curve_chart
from hwsim.report.html_page import figures, framed
from hwsim.report.html_text import safe
from hwsim.report.model import TrainingCurve
from hwsim.report.units import count
from trainers.atomic_file import whole_file
from trainers.diagnostics_file import Diagnostics

ORDER = (
    "training", "gradient-norms",
    "rate-steps", "rate-epochs",
    "available-steps", "available-epochs",
    "membrane-mean-steps", "membrane-std-steps",
    "threshold-steps", "threshold-epochs",
    "width-steps", "width-epochs",
    "membrane-histograms",
)  # fmt: skip
"""Keys of the charts as they stand on the page."""


def write_training_page(
    path: Path, diagnostics: Diagnostics, curve: TrainingCurve, title: str
) -> None:
    """Writes training.html; `path` appears only when the file is complete.

    Raises:
        FileError: the folder can't be written to, or no space is left.
    """
    with whole_file(path) as partial:
        partial.write_text(page(diagnostics, curve, title), encoding="utf-8")


def page(diagnostics: Diagnostics, curve: TrainingCurve, title: str) -> str:
    """The whole page as text."""
    drawn = training_charts(diagnostics, curve)
    return framed(
        f"{title}: spikeport training",
        (
            _header(diagnostics, curve, title),
            figures(drawn),
            "<footer>Drawn from diagnostics.npz and metrics.csv alone. Training loss and accuracy "
            "are means over an epoch's mini-batches; the training loss is the method's own, label "
            "smoothing included, the validation loss plain cross-entropy of the logits, so the two "
            "aren't comparable. Everything per layer is measured in evaluation mode, with the "
            "thresholds that evaluation uses.</footer>",
        ),
        drawn,
    )


def training_charts(diagnostics: Diagnostics, curve: TrainingCurve) -> list[Chart]:
    """Every chart that there are numbers for, in the page's order."""
    drawn = [
        curve_chart(curve) if curve.epochs else None,
        gradient_chart(diagnostics),
        *(layer_steps_chart(diagnostics, kind, curve.kept) for kind in HEAT_MAPS),
        *(layer_epochs_chart(diagnostics, kind) for kind in LINES),
        membrane_histogram_chart(diagnostics, curve.kept),
    ]
    found = {chart.key: chart for chart in drawn if chart is not None}
    return [found[key] for key in ORDER if key in found]


def _header(diagnostics: Diagnostics, curve: TrainingCurve, title: str) -> str:
    layers, steps = diagnostics.histogram.shape[:2]
    epochs = len(curve.epochs)
    missing = len(set(curve.epochs) - set(diagnostics.epochs.tolist()))
    alert = (
        f'<p class="alert" role="note">{count(missing)} of {count(epochs)} epochs have no '
        "diagnostics.</p>"
        if missing
        else ""
    )
    return (
        '<header><p class="kicker">spikeport training</p>'
        f"<h1>{safe(title)}</h1>"
        f'<p class="lead">LIF layers: {count(layers)}; time steps: T = {count(steps)}; epochs: '
        f"{count(epochs)}. u is a neuron's membrane before reset; it fires where u exceeds its "
        "threshold. The gradient-available interval is where the surrogate's derivative is at "
        f"least half its value at the threshold.{_memory(curve)}</p>{alert}</header>"
    )


def _memory(curve: TrainingCurve) -> str:
    if curve.bytes_per_sample is None:
        return ""
    return f" Training keeps {count(curve.bytes_per_sample)} bytes per sample for its gradients."
