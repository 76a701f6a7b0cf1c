"""The sweep's page in a real browser, and its chart against the rows."""

import json
from collections.abc import Iterator
from pathlib import Path

import plotly.graph_objects as go
import pytest
from playwright.sync_api import Browser

from hwsim.sweep.page import front_chart, page, write_page
from hwsim.sweep.row import Row, refused
from hwsim.sweep.space import Point
from tests.page_visit import Visit
from tests.sweep_rows import results, row

HOSTILE = '</script><script>alert(1)</script>"><img src=x onerror=alert(2)>'


def point(bits: int, strategy: str = "mean") -> Point:
    """One of so many bits."""
    return Point(bits, strategy, "max-abs", False)


def some_rows() -> list[Row]:
    """Four with energy, of which two are on the front; one without; one refused."""
    return [
        row(point(2), 0.90, 4.0e-6),
        row(point(4), 0.89, 4.5e-6),
        row(point(8), 0.98, 5.0e-6, tested=0.97),
        row(point(8, "calibrated"), 0.98, 5.1e-6),
        row(point(8, "schedule"), 0.99, None),
        refused(point(3), f"layer '{HOSTILE}': no"),
    ]


@pytest.fixture(scope="module")
def visit(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    """The page of these rows, with a title that would do harm, opened."""
    path = tmp_path_factory.mktemp("page") / "sweep.html"
    write_page(results(some_rows(), title=HOSTILE), path)
    visit = Visit(browser, path)
    yield visit
    visit.page.close()


def test_the_browser_draws_the_chart_in_silence(visit: Visit) -> None:
    """A mark per point with energy, a line, a ring, both axis titles; no message, no request."""
    assert visit.page.locator("#front .scatterlayer .trace").count() == 5
    assert visit.page.locator("#front .scatterlayer .point").count() == 5
    assert visit.page.locator("#front .js-line").count() == 1
    titles = visit.page.locator("#front .infolayer .xtitle, #front .infolayer .ytitle")
    assert titles.all_text_contents() == ["energy per inference (µJ)", "validation accuracy (%)"]
    assert visit.complaints == []
    assert visit.requests == [visit.page.url]


def test_hostile_names_stay_text(visit: Visit) -> None:
    """Shown letter for letter, in the head and in the line of a refusal."""
    assert visit.page.inner_text("h1") == f"{HOSTILE} on Intel Loihi 1"
    assert HOSTILE in visit.page.inner_text(".lead")
    assert visit.page.locator("img").count() == 0


def test_the_table_holds_every_row(visit: Visit) -> None:
    """With what is known of it, and what is not, in words."""
    lines = [
        text.replace("\N{NO-BREAK SPACE}", " ").split("\t")
        for text in visit.page.locator("tbody tr").all_inner_texts()
    ]
    assert len(lines) == 6
    assert lines[2] == [
        "8", "mean", "98.00 %", "97.00 %", "5.00 µJ", "10.0 µJ", "100 µs", "70", "8.00 kbit", "best"
    ]  # fmt: skip
    assert lines[0][-1] == "front"
    assert lines[4][4:7] == ["no chip equivalent", "-", "-"]
    assert lines[5][:4] == ["3", "mean", "refused", "-"]


def test_a_mark_says_what_it_is(visit: Visit) -> None:
    """On hover."""
    visit.page.locator("#front .scatterlayer .trace").nth(3).locator(".point").first.hover(
        force=True
    )
    label = visit.page.locator("#front .hoverlayer .hovertext").first.text_content() or ""
    assert "8 bits, mean, max-abs" in label
    assert "validation 98.00 %, test 97.00 %" in label


@pytest.mark.parametrize("width", [1200, 390])
def test_the_page_fits_its_window(browser: Browser, tmp_path: Path, width: int) -> None:
    """No sideways scrolling on a desktop or a phone."""
    write_page(results(some_rows()), tmp_path / "sweep.html")
    visit = Visit(browser, tmp_path / "sweep.html", width)
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
    assert visit.complaints == []
    visit.page.close()


def test_plotly_accepts_the_chart_and_it_holds_the_rows() -> None:
    """Per cent against microjoules, a trace per width; the line joins the front by energy."""
    chart = front_chart(results(some_rows()))
    go.Figure(data=chart.data, layout=chart.layout)
    line, two, four, eight, ring = chart.data
    assert line["x"] == pytest.approx([4.0, 5.0])
    assert line["y"] == pytest.approx([90, 98])
    # At an energy between two points of the front the cheaper one is the best there is.
    assert line["line"]["shape"] == "hv"
    assert (two["y"], four["y"]) == ([90.0], [89.0])
    assert eight["x"] == pytest.approx([5.0, 5.1])
    assert (ring["x"], ring["y"]) == ([eight["x"][0]], [eight["y"][0]])
    assert chart.layout["xaxis"]["title"]["text"] == "energy per inference (µJ)"
    assert "2 points without energy aren't drawn" in chart.caption
    assert [label for label, _ in chart.legend] == ["2 bits", "4 bits", "8 bits"]


def test_a_page_of_no_figures_at_all_is_still_a_page() -> None:
    """Where every point was refused."""
    text = page(results([refused(point(8), "no")]))
    assert "No row has both accuracy and energy" in text
    figures = json.loads(text.split('id="charts-data">')[1].split("</script>")[0])
    assert figures[0]["data"][0]["x"] == []
