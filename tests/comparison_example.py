"""Run folders with reports made up by hand, for what puts them side by side."""

from pathlib import Path

from hwsim.report.comparison_runs import Run
from hwsim.report.emulated import Accuracy, EmulatedLayer, Network, UncostedReport
from hwsim.report.json_file import write_report
from hwsim.report.model import AnyReport, Report
from tests.report_example import example_report

DIGITS = {"name": "digits"}


def run(name: str, report: AnyReport | None = None, data: dict[str, object] | None = None) -> Run:
    """A run of the digits data set unless another is given."""
    return Run(
        name,
        Path(name) / "report.json",
        report or example_report(),
        DIGITS if data is None else data,
    )


def with_energy(report: Report, joules: float, seconds: float | None = None) -> Report:
    """The report with another total, and another latency where one is given."""
    latency = report.latency_range_s.nominal if seconds is None else seconds
    return report.model_copy(
        update={
            "energy_range_j": report.energy_range_j.model_copy(update={"nominal": joules}),
            "latency_range_s": report.latency_range_s.model_copy(update={"nominal": latency}),
        }
    )


def on_chip(report: Report, **changes: object) -> Report:
    """The report with fields of its chip changed."""
    return report.model_copy(update={"chip": report.chip.model_copy(update=changes)})


def uncosted() -> UncostedReport:
    """A network that no chip could run."""
    return UncostedReport(
        network=Network(neurons=10, synapses=0, time_steps=4),
        accuracy=Accuracy(trained=0.9, frozen=0.8, samples=360),
        layers=(
            EmulatedLayer(
                name="l000_lif", shape=(10,), neurons=10, depth=0, spikes_per_inference=4.0,
                spike_rate=0.1, spikes_per_step=(1.0, 1.0, 1.0, 1.0), synops_per_inference=0.0,
                synapses_in=0, saturations=0, wraps=0,
            ),
        ),
        simulated_samples=64,
        no_chip_equivalent="Thresholds of 'l000_lif' change from step to step.",
    )  # fmt: skip


def run_folder(path: Path, report: AnyReport, data: str | None = "digits") -> Path:
    """A folder with report.json and, for a data set, a recipe."""
    path.mkdir(parents=True)
    write_report(report, path / "report.json")
    if data is not None:
        (path / "config.toml").write_text(f'[data]\nname = "{data}"\n')
    return path
