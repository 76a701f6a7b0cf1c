"""A network that no chip could run: its events are reported, and no energy and no time."""

from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from export.chip.graph import ChipGraph
from hwsim.costing.cost import cost
from hwsim.engine.trace import Trace
from hwsim.errors import ChipError
from hwsim.report.charts.table import charts
from hwsim.report.html import page
from hwsim.report.json_file import read_report, write_report
from hwsim.report.model import Accuracy, UncostedReport
from hwsim.report.run_facts import with_run_facts
from hwsim.report.terminal import summary
from hwsim.uncosted import no_chip_equivalent, uncosted
from tests.cost_example import digits_graph, random_trace
from trainers.errors import FileError


def scheduled_graph() -> ChipGraph:
    """The digits graph whose first population has another threshold at each step."""
    graph = digits_graph()
    first, *others = graph.populations
    moved = replace(first, schedule=np.array([64, 70, 50, 90]))
    return replace(graph, populations=(moved, *others))


def trace() -> Trace:
    """Made-up counts of it."""
    return random_trace(scheduled_graph(), samples=3)


def report() -> UncostedReport:
    """What the report stage makes of it."""
    return with_run_facts(
        uncosted(trace()),
        accuracy=Accuracy(trained=0.9, frozen=0.9, chip=0.875, samples=3),
        recipe="digits",
        fidelity={"l001_lif": 0.0},
    )


def test_it_is_never_costed() -> None:
    """The message names the population, why, and which strategies could."""
    with pytest.raises(ChipError) as refusal:
        cost(trace(), "loihi1")
    message = str(refusal.value)
    assert message.startswith("population 'l001_lif': its threshold changes from step to step")
    assert message.endswith("threshold strategy mean, calibrated or finetune.")
    assert "\n" not in message


def test_what_a_chip_could_run_is_not_reported_without_its_cost() -> None:
    """Nobody gets rid of an energy that way."""
    assert no_chip_equivalent(digits_graph()) is None
    with pytest.raises(ChipError, match="nothing keeps this network from being costed"):
        uncosted(random_trace(digits_graph(), samples=3))


def test_events_are_those_of_the_costed_report() -> None:
    """The same trace of the same network with constants: counts and sizes agree."""
    ours = uncosted(trace())
    costed = cost(random_trace(digits_graph(), samples=3), "loihi1")
    assert ours.network == costed.network
    for layer, other in zip(ours.layers, costed.layers, strict=True):
        for key in type(layer).model_fields:
            assert getattr(layer, key) == getattr(other, key), key


def test_the_file_comes_back_and_claims_nothing(tmp_path: Path) -> None:
    """No key of energy, latency or chip; the reader knows which kind it is."""
    write_report(report(), tmp_path / "report.json")
    text = (tmp_path / "report.json").read_text()
    assert "energy" not in text.replace("no energy", "")
    assert "latency" not in text
    assert read_report(tmp_path / "report.json") == report()
    damaged = text.replace('"no_chip_equivalent": "', '"no_chip_equivalent": "", "other": "')
    (tmp_path / "report.json").write_text(damaged)
    with pytest.raises(FileError, match=r"isn't a report of this version"):
        read_report(tmp_path / "report.json")


def test_a_costed_report_can_t_lose_its_energy_unseen(tmp_path: Path) -> None:
    """Without the reason a report without energy is damaged."""
    write_report(report(), tmp_path / "report.json")
    text = (tmp_path / "report.json").read_text()
    (tmp_path / "report.json").write_text(text.replace('"no_chip_equivalent"', '"silicon"'))
    with pytest.raises(FileError, match=r"isn.t a report .*Field required"):
        read_report(tmp_path / "report.json")


def test_page_and_terminal_say_why() -> None:
    """The mark, the reason and the accuracies; no joule, no second, no core."""
    console = Console(file=StringIO(), width=200)
    console.print(summary(report()))
    assert isinstance(console.file, StringIO)
    shown = " ".join(console.file.getvalue().split())
    drawn = page(report(), training_page="training.html")
    for text in (shown, drawn.split("<script")[0]):
        assert "no chip equivalent" in text
        assert "Thresholds of" in text
        assert "87.50" in text
        assert "emulated" in text
        for claim in ("Energy per inference", "Latency", "cores", "µJ", "Loihi"):
            assert claim not in text
    keys = [chart.key for chart in charts(report())]
    assert "accuracy" in keys
    assert "spikes" in keys
    assert not any("energy" in key or "latency" in key for key in keys)
