"""The report of a chip file that was simulated outside a run folder."""

from collections.abc import Callable
from pathlib import Path

from hwsim.chips.load import load_chip
from hwsim.costing.cost import cost
from hwsim.engine.trace import Trace
from hwsim.report.html import write_html
from hwsim.report.json_file import write_report
from hwsim.report.markdown import write_markdown
from hwsim.report.run_facts import with_run_facts


def report_file(
    trace: Trace, chip: str, title: str, result: Callable[[str], Path], say: Callable[[str], None]
) -> None:
    """Costs a trace and writes report.json, report.html and report.md.

    Args:
        trace: with counts per neuron.
        chip: name or file of the chip.
        title: of the page.
        result: where a file of that name goes.
        say: told the totals and where the page is.

    Raises:
        ChipError: there is no such chip, or it doesn't take the network.
        FileError: a file can't be written.
    """
    report = with_run_facts(cost(trace, load_chip(chip)), recipe=title)
    write_report(report, result("report.json"))
    write_html(report, result("report.html"))
    write_markdown(report, result("report.md"))
    say(
        f"estimate for {report.chip.name}: {report.energy_j.total * 1e6:.3f} µJ and "
        f"{report.latency_s.total * 1e6:.1f} µs per sample on {report.chip.cores_used} cores: "
        f"{result('report.html')}"
    )
