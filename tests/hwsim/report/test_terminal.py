"""The terminal's tables say what the report says."""

from io import StringIO

from rich.console import Console

from hwsim.report.model import Report
from hwsim.report.terminal import MOST_ASSUMPTIONS, MOST_LAYERS, summary
from hwsim.report.terms import TERMS
from hwsim.report.units import count, percent, si, si_range
from tests.report_example import example_report


def shown(report: Report, width: int = 100) -> str:
    """What a terminal of so many columns would show."""
    console = Console(file=StringIO(), width=width, color_system=None)
    console.print(summary(report))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def line_with(text: str, start: str) -> str:
    """The line that starts with these words."""
    return next(line for line in text.splitlines() if line.strip().startswith(start))


def test_every_part_is_there() -> None:
    """Size, chip, accuracies, layers, assumptions."""
    report = example_report()
    text = shown(report)
    for expected in (
        "digits: 1,546 neurons", "T = 4", "5 of 128 cores on 1 chip", "fewest cores", "fits",
        "360 test samples: trained 98.89 %, frozen 98.89 %, chip (emulated) 98.61 %", "l001_lif",
        "(estimate)",
    ):  # fmt: skip
        assert expected in text
    flat = " ".join(text.split())
    for sentence in (*report.assumptions, *report.silicon):
        assert sentence in flat


def test_energy_has_every_term_the_dynamic_part_and_the_range() -> None:
    """Each with its share."""
    report = example_report()
    text, energy = shown(report), report.energy_j
    for term in TERMS:
        joules = getattr(energy, term.key)
        line = line_with(text, term.label)
        assert si(joules, "J") in line
        assert percent(joules / energy.total) in line
    core = energy.synops + energy.neurons + energy.messages
    assert si(core, "J") in line_with(text, "core dynamic")
    total = line_with(text, "total")
    assert si(energy.total, "J") in total
    assert si_range(report.energy_range_j.low, report.energy_range_j.high, "J") in total


def test_latency_has_its_range_throughput_and_energy_delay_product() -> None:
    """And the throttle where there is one."""
    report = example_report()
    text = shown(report)
    total = [line for line in text.splitlines() if line.strip().startswith("total")][1]
    assert si(report.latency_s.total, "s") in total
    assert si_range(report.latency_range_s.low, report.latency_range_s.high, "s") in total
    assert f"{count(report.latency_s.pipelined_per_s)} inferences/s" in text
    assert si(report.energy_delay_js, "J·s") in line_with(text, "energy-delay product")
    assert "no step is shorter" not in text
    slow = report.latency_s.model_copy(update={"throttle": 1e-3})
    assert "1.00 ms" in line_with(
        shown(report.model_copy(update={"latency_s": slow})), "no step is shorter than"
    )


def test_the_three_largest_sensitivities_are_shown() -> None:
    """Most first, whatever their order in the report."""
    report = example_report()
    small = report.sensitivity[0].model_copy(
        update={"assumption": "A trifle", "low_j": 1e-9, "high_j": 1.1e-9}
    )
    more = report.model_copy(update={"sensitivity": (small, *reversed(report.sensitivity))})
    text = shown(more)
    assert "A trifle" not in text
    ordered = sorted(report.sensitivity, key=lambda each: -each.swing_j)[:MOST_ASSUMPTIONS]
    places = [text.index(each.assumption[:20]) for each in ordered]
    assert places == sorted(places)
    assert si(ordered[0].low_j, "J") in line_with(text, ordered[0].assumption[:20])


def test_a_deep_network_stays_on_a_screen_or_two() -> None:
    """The layers that take most energy, in the network's order, and how many are left out."""
    report = example_report(layers=60, cores=80)
    text = shown(report)
    names = [layer.name for layer in report.layers if layer.name in text]
    assert len(names) == MOST_LAYERS
    least = min(layer.energy_j.total for layer in report.layers if layer.name in names)
    assert all(layer.energy_j.total <= least for layer in report.layers if layer.name not in names)
    assert "44 that take less energy" in text
    assert len(text.splitlines()) < 80


def test_nothing_is_cut_off_on_a_narrow_terminal() -> None:
    """Numbers stay whole at 80 columns."""
    report = example_report(layers=3)
    text = shown(report, 80)
    assert "\N{HORIZONTAL ELLIPSIS}" not in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_markup_in_names_is_text() -> None:
    """A layer called [red]x[/red] is shown by that name."""
    text = shown(example_report(names=("[red]x[/red]", "[b]y", "z")))
    assert "[red]x[/red]" in text
    assert "[b]y" in text


def test_what_was_not_measured_and_what_does_not_fit_is_said() -> None:
    """No accuracy is no zero, and an exceeded limit stands at the top with what would help."""
    assert shown(example_report(accuracy=False)).count("not measured") == 3
    tight = " ".join(shown(example_report(fits=False)).split())
    assert "does not fit" in tight
    assert "input axons of 'l000_lif': 5,120 exceed 4,096 by 1,024. Fewer channels" in tight
