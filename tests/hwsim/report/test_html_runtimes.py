"""The page's section on runtimes: there after a verification, absent without one."""

import dataclasses
import re

from hwsim.report.html import page
from hwsim.report.html_runtimes import runtime_table
from hwsim.report.model import Report
from hwsim.report.run_facts import with_run_facts
from hwsim.verify import Case, Row
from tests.report_example import example_report

NAMES = ("l001_lif", "l004_lif", "readout")
CASE = Case(7, 2, NAMES[0], (0, 3, 3), True, 1.0123, 1.0, 0.0123, 1e-6, 0.98)
ROWS = (
    Row("pytorch", "nir_executor", "float64", 360, 0, 0.0, 0.9944, "identical"),
    Row(
        "norse", "nir_executor", "float64", 360, 21, 0.25, 0.9, "different",
        note="<b>why", case=CASE,
    ),
    Row("lava", "emulator", "integers", 0, None, None, None, "not installed", note="Install it."),
)  # fmt: skip


def report(*rows: Row) -> Report:
    return with_run_facts(example_report(names=NAMES, extras=False), runtimes=rows)


def test_a_row_for_each_runtime() -> None:
    """Numbers, verdict, note and smallest case stand in its row."""
    html = page(report(*ROWS))
    section = html[html.index('id="runtimes-title"') :]
    section = section[: section.index("</section>")]
    rows = [
        re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)
        for row in re.findall(r"<tr>(.*?)</tr>", section)
    ]
    assert [row[0] for row in rows] == ["Runtime", "pytorch", "norse", "lava"]
    assert rows[1][2:7] == ["360", "0", "0", "99.44\N{NO-BREAK SPACE}%", "identical"]
    assert rows[2][3:7] == ["21", "0.25", "90.00\N{NO-BREAK SPACE}%", "different"]
    assert "&lt;b&gt;why. First: sample 7, step 1 of layer l001_lif, neuron (0, 3, 3)" in rows[2][7]
    assert rows[3][2:7] == ["0", "", "", "", "not installed"]


def test_no_section_without_rows() -> None:
    """A run that wasn't verified has a page as before."""
    assert runtime_table(report()) == ""
    assert "runtimes-title" not in page(report())


def test_rows_survive_report_json() -> None:
    """The page is drawn from report.json, which holds the rows."""
    whole = report(*ROWS)
    read = Report.model_validate_json(whole.model_dump_json())
    assert read.runtimes == ROWS
    assert dataclasses.asdict(read.runtimes[1])["case"]["neuron"] == (0, 3, 3)
