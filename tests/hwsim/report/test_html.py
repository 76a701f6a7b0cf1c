"""The page in a real browser: drawn whole, silent, and alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from hwsim.costing import cost
from hwsim.ledger.entry import LedgerEntry
from hwsim.report.html import page, write_html
from hwsim.report.json_file import read_report, write_report
from hwsim.report.model import Accuracy, Report, TrainingCurve
from hwsim.report.run_facts import with_run_facts
from tests.cost_example import digits_graph, random_trace
from tests.page_visit import Visit

CHARTS = [
    "accuracy",
    "ledger",
    "energy-by-term",
    "spikes",
    "energy-by-layer",
    "latency",
    "training",
]
HOSTILE = ("<script>alert(1)</script>", '"><img src=x onerror=alert(2)>', "</script><b>bold")


def ledger(names: tuple[str, str, str]) -> tuple[LedgerEntry, ...]:
    """Trained, frozen and emulated; freezing changed the second layer most."""
    changed = {names[0]: 0.0012, names[1]: 0.0345}
    fields = {"what": f"made from {names[2]}", "changed_since_training": {}}
    return (
        LedgerEntry(name="trained", accuracy=0.9889, calibration_accuracy=0.9722, **fields),
        LedgerEntry(
            name="frozen", accuracy=0.9889, calibration_accuracy=0.9694, changed=changed, **fields
        ),
        LedgerEntry(
            name="emulated", accuracy=0.9861, calibration_accuracy=0.975, changed=changed, **fields
        ),
    )


def full_report(names: tuple[str, str, str] = ("l001_lif", "l004_lif", "readout")) -> Report:
    """The digits network with everything a run adds."""
    return with_run_facts(
        cost(random_trace(digits_graph(names)), "loihi1"),
        recipe="digits",
        accuracy=Accuracy(trained=0.9889, frozen=0.9889, chip=0.9861, samples=360),
        training=TrainingCurve(
            epochs=(1, 2, 3), train_loss=(1.0, 0.5, 0.3), validation_accuracy=(0.7, 0.9, 0.98)
        ),
        fidelity={names[0]: 0.0012},
        quantisation={names[1]: {"weight_scale": 88.1, "clipped_weights": 3}},
        ledger=ledger(names),
    )


@pytest.fixture(scope="module")
def visit(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    """The full report, opened."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    write_html(full_report(), path)
    visit = Visit(browser, path)
    yield visit
    visit.page.close()


def test_every_chart_is_drawn(visit: Visit) -> None:
    """Each chart has a title, and an SVG with marks that take up room."""
    assert visit.page.eval_on_selector_all(".plot", "plots => plots.map(p => p.id)") == CHARTS
    marks = {
        "accuracy": (".bars .point path", 3),
        "ledger": (".heatmaplayer image", 1),
        "energy-by-term": (".bars .point path", 5),
        "spikes": (".heatmaplayer image", 1),
        "energy-by-layer": (".bars .point path", 20),
        "latency": (".bars .point path", 12),
        "training": (".scatterlayer .trace", 2),
    }
    for key, (selector, number) in marks.items():
        assert visit.page.inner_text(f"#{key}-title")
        assert visit.page.locator(f"#{key} {selector}").count() == number, key
        box = visit.page.locator(f"#{key} svg.main-svg").first.bounding_box()
        assert box is not None
        assert box["width"] > 300
        assert box["height"] > 100


def test_page_is_silent_and_asks_for_nothing(visit: Visit) -> None:
    """No console message, no error, and the only request is the page itself."""
    assert visit.complaints == []
    assert visit.requests == [visit.page.url]
    assert visit.page.url.startswith("file://")


def test_verdict_and_tables_say_what_the_report_says(visit: Visit) -> None:
    """Header numbers, layer rows, event rows, assumptions and sources as a reader sees them."""
    verdict = visit.page.inner_text(".verdict").replace("\N{NO-BREAK SPACE}", " ")
    for expected in (
        "98.89 %", "98.61 %", "360 test samples", "5.27 µJ", "506 µs", "3 of 128", "fits",
    ):  # fmt: skip
        assert expected in verdict
    assert verdict.count("estimate") == 2
    report = full_report()
    rows = visit.page.locator("section[aria-labelledby=layers-title] tbody tr")
    assert rows.count() == len(report.layers)
    assert "134,115" in rows.nth(1).inner_text()
    assert "0.12" in rows.nth(0).inner_text()
    events = visit.page.locator("section[aria-labelledby=events-title] tbody tr")
    assert events.count() == len(report.events)
    assert "published" in events.nth(0).inner_text()
    body = visit.page.inner_text("main").replace("\N{NO-BREAK SPACE}", " ")
    for sentence in report.assumptions:
        assert sentence in body
    for source in report.sources:
        assert source.citation in body
    assert "Clipped weights" in body
    steps = visit.page.locator("section[aria-labelledby=ledger-title] tbody tr")
    frozen = steps.nth(1).inner_text().replace("\N{NO-BREAK SPACE}", " ")
    assert frozen.split("\t")[2:] == [
        "98.89 %",
        "0",
        "96.94 %",
        "\N{MINUS SIGN}0.28",
        "3.45 % (l004_lif)",
    ]


def test_the_training_page_is_linked_where_there_is_one() -> None:
    """A page of a run folder names the file beside it; one of a network costed alone doesn't."""
    report = full_report()
    assert 'href="training.html"' in page(report, training_page="training.html")
    assert "training.html" not in page(report).partition("<footer")[0]


def test_source_links_lead_to_the_sources(visit: Visit) -> None:
    """Every link of the page stays inside it and has a target."""
    targets = visit.page.eval_on_selector_all(
        "a", "links => links.map(a => [a.getAttribute('href'), !!document.querySelector(a.hash)])"
    )
    assert targets
    assert all(href.startswith("#source-") and found for href, found in targets)


@pytest.mark.parametrize("width", [1200, 700, 390])
def test_page_fits_its_window(browser: Browser, tmp_path: Path, width: int) -> None:
    """No sideways scrolling on a desktop, a tablet or a phone."""
    path = tmp_path / "report.html"
    write_html(full_report(), path)
    visit = Visit(browser, path, width)
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
    visit.page.close()


def test_hostile_names_stay_text(browser: Browser, tmp_path: Path) -> None:
    """Layer names with markup are shown letter for letter and run nothing."""
    path = tmp_path / "report.html"
    write_html(full_report(HOSTILE), path)
    visit = Visit(browser, path)
    cells = visit.page.locator("section[aria-labelledby=layers-title] tbody th").all_inner_texts()
    assert cells == list(HOSTILE)
    labels = visit.page.locator("#energy-by-layer .ytick text").all_text_contents()
    assert labels[3] == HOSTILE[2]
    assert visit.page.locator("img").count() == 0
    assert visit.complaints == []
    visit.page.close()


def test_paper_gets_narrower_charts(visit: Visit) -> None:
    """Printing redraws the charts for a sheet and opens the folded table."""
    visit.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    widths = visit.page.eval_on_selector_all(
        ".plot svg.main-svg", "drawn => drawn.map(svg => svg.getBoundingClientRect().width)"
    )
    assert max(widths) <= 680
    assert visit.page.locator("details[open]").count() == 1
    visit.page.evaluate("dispatchEvent(new Event('afterprint'))")


def test_page_is_drawn_from_the_json_alone(tmp_path: Path) -> None:
    """The page of a report that went through report.json is the same, byte for byte."""
    report = full_report()
    write_report(report, tmp_path / "report.json")
    assert page(read_report(tmp_path / "report.json")) == page(report)


def test_page_warns_of_what_does_not_fit_or_was_clipped() -> None:
    """An exceeded limit and clipped states stand above the numbers."""
    report = full_report()
    stored = report.model_dump()
    stored["chip"] |= {"fits": False, "excesses": [{"limit": "cores", "used": 130, "allowed": 128}]}
    stored["layers"][1]["saturations"] = 7
    text = page(Report.model_validate(stored))
    assert "cores 130 exceed 128 by 2" in text
    assert "clipped at 24 bits 7 times" in text
    assert "does not fit" in text
    assert "doesn&#x27;t fit" not in page(report).partition("<section")[0]
