"""The page in a real browser: drawn whole, silent, alone, and it answers to pointer and keys."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from hwsim.report.charts.table import charts
from hwsim.report.html import write_html
from tests.page_probes import faint, hovered, overlaps, traces_shown
from tests.page_visit import Visit
from tests.report_example import HOSTILE, example_report

TITLES = {
    "accuracy": ["accuracy (%)", "stage"],
    "training": ["epoch", "loss", "accuracy (%)"],
    "ledger": ["transformation", "layer", "spikes changed (%)"],
    "raster": ["chip step", "layer"],
    "spikes": ["time step (1 to T)", "layer", "neurons that fired (%)"],
    "energy-by-term": ["energy per inference (nJ)", "term"],
    "sensitivity": ["energy per inference (nJ)", "assumption"],
    "energy-by-layer": ["energy per inference (nJ)", "layer"],
    "latency": ["chip step", "time (µs)"],
    "time-line": ["time within the step (µs)", "core: layer"],
    "core-map": ["tile column", "tile row", "load (%)"],
    "devices": ["energy per inference (J, logarithmic)", "chip or device"],
}
HOVER = {
    "accuracy": "98.89 %",
    "training": "training, epoch 1",
    "ledger": "spikes changed",
    "raster": "neuron ",
    "spikes": "step 1",
    "energy-by-term": "199 nJ",
    "sensitivity": "left out",
    "energy-by-layer": "synaptic operations",
    "latency": "busiest core in",
    "time-line": "core ",
    "core-map": "core 0",
    "devices": "TrueNorth",
}


IN_COLOUR = """colour =>
  getComputedStyle(document.querySelector("#latency .xtitle")).fill === colour"""
LARGE = {"layers": 20, "cores": 200, "chips": 2, "time_steps": 24}
FIRST = [True, True, False, False, False, False]
"""Shown while the first sample is; plotly hides the last layer, which never fires."""


def opened(
    browser: Browser, folder: Path, width: int = 1280, *, dark: bool = False, **arguments: object
) -> Visit:
    """An example's page in a window so wide."""
    path = folder / "report.html"
    write_html(example_report(**arguments), path)  # type: ignore[arg-type]
    return Visit(browser, path, width, dark=dark)


@pytest.fixture(scope="module")
def visit(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    """The full report, opened on a desktop."""
    visit = opened(browser, tmp_path_factory.mktemp("page"))
    yield visit
    visit.page.close()


def test_every_chart_is_drawn(visit: Visit) -> None:
    """Each has a heading and an SVG that takes up room."""
    keys = visit.page.eval_on_selector_all(".plot", "plots => plots.map(p => p.id)")
    assert keys == [chart.key for chart in charts(example_report())] == list(TITLES)
    for key in keys:
        assert visit.page.inner_text(f"#{key}-title")
        box = visit.page.locator(f"#{key} svg.main-svg").first.bounding_box()
        assert box is not None
        assert box["width"] > 300
        assert box["height"] > 100


@pytest.mark.parametrize("key", TITLES)
def test_axes_have_titles(visit: Visit, key: str) -> None:
    """With units where there are any, as drawn."""
    titles = visit.page.locator(
        f"#{key} .infolayer [class$=title]:is(text), #{key} .cbtitle text"
    ).all_text_contents()
    assert sorted(titles) == sorted(TITLES[key])


@pytest.mark.parametrize("key", HOVER)
def test_a_mark_says_what_it_is(visit: Visit, key: str) -> None:
    """Under the pointer."""
    assert HOVER[key] in hovered(visit.page, key)


def test_an_entry_of_a_legend_shows_and_hides_its_traces(visit: Visit) -> None:
    """By click and by key; the others stay."""
    entries = visit.page.locator(".legend:not(.choice) button")
    assert entries.count() == 22
    for index in range(entries.count()):
        entry = entries.nth(index)
        key = entry.evaluate("button => button.closest('.legend').dataset.chart")
        traces = {int(i) for i in (entry.get_attribute("data-traces") or "").split(",")}
        before = traces_shown(visit.page, key)
        assert all(before)
        entry.click()
        assert entry.get_attribute("aria-pressed") == "false"
        assert traces_shown(visit.page, key) == [i not in traces for i in range(len(before))]
        entry.focus()
        visit.page.keyboard.press("Enter")
        assert entry.get_attribute("aria-pressed") == "true"
        assert all(traces_shown(visit.page, key))


def test_the_raster_shows_the_chosen_sample(visit: Visit) -> None:
    """One at a time."""
    entries = visit.page.locator(".legend.choice button")
    assert traces_shown(visit.page, "raster") == FIRST
    entries.nth(1).click()
    assert traces_shown(visit.page, "raster") == FIRST[3:] + FIRST[:3]
    pressed = [entries.nth(i).get_attribute("aria-pressed") for i in range(2)]
    assert pressed == ["false", "true"]
    entries.nth(0).click()
    assert traces_shown(visit.page, "raster") == FIRST


def test_colours_follow_the_system(visit: Visit) -> None:
    """Also when it changes while the page is open; what was hidden stays hidden."""
    entry = visit.page.locator("[data-chart=latency] button").nth(1)
    entry.click()
    assert faint(visit.page, least_mark=1.5) == []
    visit.page.emulate_media(color_scheme="dark")
    visit.page.wait_for_function(IN_COLOUR, arg="rgb(163, 174, 186)")
    assert faint(visit.page) == []
    assert traces_shown(visit.page, "latency") == [True, False]
    visit.page.emulate_media(color_scheme="light")
    visit.page.wait_for_function(IN_COLOUR, arg="rgb(92, 103, 115)")
    entry.click()


def test_paper_gets_narrower_charts_in_light_colours(visit: Visit) -> None:
    """Printing from a dark system redraws the charts for a sheet and opens what is folded."""
    visit.page.emulate_media(color_scheme="dark", media="print")
    visit.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    widths = visit.page.eval_on_selector_all(
        ".plot svg.main-svg", "drawn => drawn.map(svg => svg.getBoundingClientRect().width)"
    )
    assert max(widths) <= 680
    assert visit.page.locator("details:not([open])").count() == 0
    assert not visit.page.locator("nav").is_visible()
    assert faint(visit.page, least_mark=1.5) == []
    assert overlaps(visit.page) == []
    visit.page.evaluate("dispatchEvent(new Event('afterprint'))")
    visit.page.emulate_media(color_scheme="light", media="screen")


def test_page_is_silent_and_asks_for_nothing(visit: Visit) -> None:
    """No console message, no error, and the only request is the page itself."""
    assert visit.complaints == []
    assert visit.requests == [visit.page.url]
    assert visit.page.url.startswith("file://")


@pytest.mark.parametrize(
    ("width", "dark", "arguments"),
    [
        (1280, False, {}),
        (390, False, {}),
        pytest.param(1280, True, LARGE, marks=pytest.mark.slow),
        pytest.param(390, True, LARGE, marks=pytest.mark.slow),
        pytest.param(1280, False, {"names": HOSTILE, "fits": False}, marks=pytest.mark.slow),
        (390, False, {"names": HOSTILE, "fits": False}),
        pytest.param(700, True, {"extras": False, "accuracy": False}, marks=pytest.mark.slow),
    ],
)
def test_nothing_overlaps(
    browser: Browser, tmp_path: Path, width: int, dark: bool, arguments: dict[str, object]
) -> None:
    """Nor scrolls sideways, nor complains, on a desktop, a tablet and a phone."""
    visit = opened(browser, tmp_path, width, dark=dark, **arguments)
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
    assert overlaps(visit.page) == []
    assert faint(visit.page, least_mark=3.0 if dark else 1.5) == []
    assert visit.complaints == []
    assert visit.requests == [visit.page.url]
    visit.page.close()


def test_hostile_names_stay_text(browser: Browser, tmp_path: Path) -> None:
    """Layer names with markup are shown letter for letter and run nothing."""
    visit = opened(browser, tmp_path, names=HOSTILE, fits=False)
    rows = visit.page.locator("section[aria-labelledby=layers-title] tbody th").all_inner_texts()
    assert rows == list(HOSTILE)
    labels = visit.page.locator("#energy-by-layer .ytick text").all_text_contents()
    assert labels[1] == HOSTILE[0]
    assert labels[3] == HOSTILE[2]
    assert HOSTILE[0] in hovered(visit.page, "core-map")
    assert visit.page.locator("img").count() == 0
    assert visit.complaints == []
    visit.page.close()
