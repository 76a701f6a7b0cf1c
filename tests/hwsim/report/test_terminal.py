"""The terminal's tables say what the report says."""

from io import StringIO

from rich.console import Console

from hwsim.costing import cost
from hwsim.report.model import Accuracy, Report
from hwsim.report.run_facts import with_run_facts
from hwsim.report.terminal import summary
from tests.cost_example import digits_graph, random_trace


def shown(report: Report) -> str:
    """What a terminal 100 columns wide would show."""
    console = Console(file=StringIO(), width=100, color_system=None)
    console.print(summary(report))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_every_part_is_there() -> None:
    """Accuracies, layers, every term with its share, latency, cores and all assumptions."""
    report = with_run_facts(
        cost(random_trace(digits_graph()), "loihi1"),
        recipe="digits",
        accuracy=Accuracy(trained=0.9889, frozen=0.9889, chip=0.9861, samples=360),
    )
    text = shown(report)
    for expected in (
        "digits: 1,546 neurons, 209,920 synapses, T = 4", "3 of 128 cores, fits",
        "360 test samples", "98.61 %", "l001_lif", "16.4 %", "Synaptic operations", "3.24 µJ",
        "61.5 %", "total", "5.27 µJ", "506 µs", "113 ns", "(estimate)",
    ):  # fmt: skip
        assert expected in text
    flat = " ".join(text.split())
    for sentence in report.assumptions:
        assert sentence in flat


def test_markup_in_names_is_text() -> None:
    """A layer called [red]x[/red] is shown by that name."""
    report = cost(random_trace(digits_graph(("[red]x[/red]", "[b]y", "z"))), "loihi1")
    assert "[red]x[/red]" in shown(report)
    assert "[b]y" in shown(report)


def test_what_was_not_measured_and_what_does_not_fit_is_said() -> None:
    """No accuracy is no zero, and an exceeded limit stands at the top."""
    report = cost(random_trace(digits_graph()), "loihi1")
    assert shown(report).count("not measured") == 3
    excess = {"limit": "cores", "used": 130, "allowed": 128}
    tight = report.model_copy(
        update={
            "chip": type(report.chip).model_validate(
                {**report.chip.model_dump(), "fits": False, "excesses": [excess]}
            )
        }
    )
    assert "does not fit" in shown(tight)
    assert "cores: 130 exceed 128 by 2" in shown(tight)
