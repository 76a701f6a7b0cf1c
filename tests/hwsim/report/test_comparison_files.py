"""The files of a comparison, read back by others' readers."""

import csv
import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import plotly.graph_objects as go
import pytest
from markdown_it import MarkdownIt
from playwright.sync_api import Browser
from rich.console import Console

from hwsim.report.comparison import QUANTITIES, Comparison, compare
from hwsim.report.comparison_charts import comparison_charts
from hwsim.report.comparison_files import (
    comparison_csv,
    comparison_json,
    comparison_markdown,
    write_comparison,
)
from hwsim.report.comparison_table import side_by_side
from hwsim.report.model import Accuracy
from hwsim.report.terms import TERMS
from tests.comparison_example import run, uncosted, with_energy
from tests.page_visit import Visit
from tests.report_example import HOSTILE, example_report
from trainers.errors import ConfigError


def mixed() -> Comparison:
    """Two costed runs and one that no chip could run."""
    report = example_report()
    return compare(
        [
            run("dear", with_energy(report, 3e-6)),
            run("cheap", with_energy(report, 2e-6)),
            run("none", uncosted()),
        ]
    )


def hostile() -> Comparison:
    """Runs whose names are HTML, and one like a formula."""
    report = example_report(names=HOSTILE)
    return compare([run(name, report) for name in (*HOSTILE, "=1+1", "a|b")])


def shown(comparison: Comparison, width: int) -> str:
    """What a terminal of so many columns would show."""
    console = Console(file=StringIO(), width=width, color_system=None)
    console.print(side_by_side(comparison, width))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_csv_has_a_number_or_nothing() -> None:
    """Full precision, SI units in the heads, an empty cell for the unknown."""
    comparison = mixed()
    lines = list(csv.DictReader(StringIO(comparison_csv(comparison))))
    assert [line["run"] for line in lines] == ["dear", "cheap", "none"]
    for line, each in zip(lines, comparison.runs, strict=True):
        for quantity in QUANTITIES:
            value = quantity.value(each)
            assert line[quantity.key] == "" if value is None else float(line[quantity.key]) == value
    assert float(lines[1]["energy_j"]) == 2e-6
    assert lines[2]["energy_j"] == lines[2]["chip"] == lines[2]["cores"] == ""
    assert lines[2]["data"] == "digits"


def test_a_name_like_a_formula_stays_text_in_a_spreadsheet() -> None:
    """It starts with an apostrophe."""
    names = [line["run"] for line in csv.DictReader(StringIO(comparison_csv(hostile())))]
    assert names[3:] == ["'=1+1", "a|b"]


def test_json_says_values_bests_and_differences() -> None:
    """Null for the unknown, a list of names for the best."""
    content = json.loads(comparison_json(mixed()))
    assert [each["energy_j"] for each in content["runs"]] == [3e-6, 2e-6, None]
    assert content["best"]["energy_j"] == ["cheap"]
    assert "cores" not in content["best"]
    assert content["differences"] == list(mixed().sentences)
    assert len(content["differences"]) == 1


def test_markdown_marks_the_best_and_shows_names_as_they_are() -> None:
    """By a reader that isn't ours, HTML let through."""
    reader = MarkdownIt("commonmark", {"html": True}).enable("table")
    assert "| Energy | 3.00 µJ | **2.00 µJ \\*** |  |" in comparison_markdown(mixed())
    tokens = reader.parse(comparison_markdown(hostile()))
    children = [part for token in tokens for part in token.children or []]
    assert not {"html_block", "html_inline"} & {part.type for part in (*tokens, *children)}
    heads = [
        "".join(part.content for part in tokens[position + 1].children or [])
        for position, token in enumerate(tokens)
        if token.type == "th_open"
    ]
    assert heads == ["", *HOSTILE, "=1+1", "a|b"]


def test_the_terminal_marks_the_best_and_leaves_the_unknown_empty() -> None:
    """One column per run."""
    text = shown(mixed(), 100)
    energy = next(line for line in text.splitlines() if line.strip().startswith("Energy "))
    assert energy.split() == ["Energy", "3.00", "µJ", "2.00", "µJ", "*"]
    assert "best of its row" in text
    assert "none has no chip equivalent" in text


def test_more_runs_than_fit_stand_under_each_other() -> None:
    """Whole columns, each with the labels."""
    report = example_report()
    comparison = compare([run(f"number-{index}", report) for index in range(9)])
    text = shown(comparison, 80)
    assert all(len(line) <= 80 for line in text.splitlines())
    assert text.count("Energy-delay product") == 3
    assert all(f"number-{index}" in text for index in range(9))
    assert "\N{HORIZONTAL ELLIPSIS}" not in text


def test_markup_in_names_is_text() -> None:
    """For the terminal."""
    report = example_report()
    text = shown(compare([run("[red]x[/red]", report), run("[b]y", report)]), 100)
    assert "[red]x[/red]" in text
    assert "[b]y" in text


def test_plotly_accepts_the_charts_and_they_hold_the_numbers() -> None:
    """Bars by term for the costed runs; marks where both numbers are known; units at the axes."""
    report = example_report()
    known = report.model_copy(update={"accuracy": Accuracy(chip=0.75, samples=360)})
    bars, latency, energy = comparison_charts(
        compare(
            [
                run("a", with_energy(report, 3e-6, 1e-5)),
                run("b", with_energy(known, 2e-6, 2e-5)),
                run("c", uncosted()),
            ]
        )
    )
    for chart in (bars, latency, energy):
        go.Figure(data=chart.data, layout=chart.layout)
        assert "1 of 3 runs" in chart.caption
    assert [trace["name"] for trace in bars.data] == [term.short for term in TERMS]
    assert [label for label, _ in bars.legend] == [term.short for term in TERMS]
    assert bars.layout["xaxis"]["title"]["text"] == "energy per inference (nJ)"
    nanojoules = [trace["x"][1] for trace in bars.data]
    assert nanojoules == pytest.approx([1e9 * getattr(report.energy_j, t.key) for t in TERMS])
    assert latency.data[0]["x"] == pytest.approx([10, 20])
    assert latency.data[0]["y"] == pytest.approx([98.61, 75])
    assert latency.layout["xaxis"]["title"]["text"] == "latency per inference (µs)"
    assert latency.layout["yaxis"]["title"]["text"] == "accuracy (%)"
    assert energy.data[0]["x"] == pytest.approx([3, 2])


def test_no_chart_is_drawn_of_nothing() -> None:
    """Two runs without costs."""
    assert comparison_charts(compare([run("a", uncosted()), run("b", uncosted())])) == []


@pytest.mark.parametrize("width", [pytest.param(1200, marks=pytest.mark.slow), 390])
@pytest.mark.parametrize("make", [mixed, hostile])
def test_the_page_is_whole_silent_and_alone(
    browser: Browser, tmp_path: Path, width: int, make: Callable[[], Comparison]
) -> None:
    """No complaint, no request but the file, no sideways scrolling, names letter for letter."""
    comparison = make()
    path = tmp_path / "compare.html"
    write_comparison(comparison, path)
    visit = Visit(browser, path, width)
    assert visit.complaints == []
    assert visit.requests == [path.as_uri()]
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
    heads = visit.page.locator("thead th").all_inner_texts()
    assert heads[1:] == [each.name for each in comparison.runs]
    assert visit.page.locator("img").count() == 0
    alerts = visit.page.locator(".alert").all_inner_texts()
    assert [" ".join(text.split()) for text in alerts] == list(comparison.sentences)
    assert path.stat().st_size < 6_000_000
    visit.page.close()


def test_the_page_marks_the_best(browser: Browser, tmp_path: Path) -> None:
    """Two microjoules against three."""
    write_comparison(mixed(), tmp_path / "compare.html")
    visit = Visit(browser, tmp_path / "compare.html")
    marked = visit.page.locator("td strong").all_inner_texts()
    assert "2.00\N{NO-BREAK SPACE}µJ *" in marked
    visit.page.close()


def test_impossible_outputs_are_refused(tmp_path: Path) -> None:
    """Another ending, or a report that is compared."""
    with pytest.raises(ConfigError, match=r"unknown ending '\.pdf'"):
        write_comparison(mixed(), tmp_path / "x.pdf")
    comparison = mixed()
    with pytest.raises(ConfigError, match="a report that is compared"):
        write_comparison(comparison, comparison.runs[0].path)
