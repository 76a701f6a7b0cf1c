"""The training page: its charts say what diagnostics.npz says, and a browser draws them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from playwright.sync_api import Browser

from hwsim.report.charts.chart import Chart
from hwsim.report.charts.layer_colour import DEPTH, ramp
from hwsim.report.model import TrainingCurve
from hwsim.report.training_page import ORDER, page, training_charts, write_training_page
from tests.diagnostics_example import random_diagnostics
from tests.page_probes import faint, traces_shown
from tests.page_visit import Visit
from trainers.diagnostics_file import SHARES, Diagnostics

CURVE = TrainingCurve(
    epochs=(0, 1, 2), train_loss=(2.0, 1.0, 0.5), validation_accuracy=(0.2, 0.6, 0.8)
)
HOSTILE = ("<script>alert(1)</script>", '"><img src=x onerror=alert(2)>')


def drawn(diagnostics: Diagnostics) -> dict[str, Chart]:
    """The page's charts by key."""
    return {chart.key: chart for chart in training_charts(diagnostics, CURVE)}


@pytest.fixture(scope="module")
def visit(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    """The page of two layers and four steps, opened."""
    path = tmp_path_factory.mktemp("page") / "training.html"
    write_training_page(path, random_diagnostics(), CURVE, "digits")
    visit = Visit(browser, path)
    yield visit
    visit.page.close()


def test_the_browser_draws_every_chart_in_silence(visit: Visit) -> None:
    """In order, each with a title and marks; no message, and no request but the page itself."""
    assert visit.page.eval_on_selector_all(".plot", "plots => plots.map(p => p.id)") == list(ORDER)
    marks = {
        "gradient-norms": (".scatterlayer .trace", 2),
        "available-steps": (".heatmaplayer image", 1),
        "threshold-epochs": (".scatterlayer .trace", 2),
        "membrane-histograms": (".scatterlayer .trace", 8),
    }
    for key, (selector, number) in marks.items():
        assert visit.page.inner_text(f"#{key}-title")
        assert visit.page.locator(f"#{key} {selector}").count() == number, key
    assert visit.page.locator("#membrane-histograms .shapelayer path").count() == 3
    assert visit.complaints == []
    assert visit.requests == [visit.page.url]


@pytest.mark.parametrize("width", [1200, 390])
def test_the_page_fits_its_window(browser: Browser, tmp_path: Path, width: int) -> None:
    """No sideways scrolling on a desktop or a phone, with a dozen layers of long names."""
    path = tmp_path / "training.html"
    names = tuple(f"stages.{index}.residual.branch.lif" for index in range(12))
    write_training_page(path, random_diagnostics(names, 10, 5, names), CURVE, "digits")
    visit = Visit(browser, path, width)
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
    assert visit.complaints == []
    visit.page.close()


def test_hostile_names_stay_text(browser: Browser, tmp_path: Path) -> None:
    """Layer names and titles with markup are shown letter for letter and run nothing."""
    path = tmp_path / "training.html"
    content = random_diagnostics(HOSTILE, weights=HOSTILE)
    write_training_page(path, content, CURVE, HOSTILE[0])
    visit = Visit(browser, path)
    assert visit.page.inner_text("h1") == HOSTILE[0]
    labels = visit.page.locator("#rate-steps .ytick text").all_text_contents()
    assert labels[0] == HOSTILE[0]
    assert HOSTILE[0] in visit.page.inner_text("#rate-epochs-caption + .legend")
    assert visit.page.locator("img").count() == 0
    assert visit.complaints == []
    visit.page.close()


def test_it_reads_well_in_the_dark(browser: Browser, tmp_path: Path) -> None:
    """Words and lines stand out; every entry of a legend stands for traces of its chart."""
    path = tmp_path / "training.html"
    write_training_page(path, random_diagnostics(), CURVE, "digits")
    visit = Visit(browser, path, dark=True)
    assert faint(visit.page) == []
    assert visit.page.locator(".legend span").count() == 0
    entry = visit.page.locator("[data-chart=membrane-histograms] button").first
    entry.click()
    hidden = [not shown for shown in traces_shown(visit.page, "membrane-histograms")]
    assert hidden == [True, False, False, False] * 2
    assert visit.complaints == []
    visit.page.close()


def test_plotly_accepts_every_chart_and_every_axis_has_a_title() -> None:
    """Titles name what is drawn; shares are in per cent, colour bars carry their unit."""
    for chart in drawn(random_diagnostics()).values():
        go.Figure(data=chart.data, layout=chart.layout)
        axes = {name: value for name, value in chart.layout.items() if "axis" in name}
        assert len(axes) >= 2
        assert all(value["title"]["text"] for value in axes.values()), chart.key
        bars = [trace["colorbar"]["title"]["text"] for trace in chart.data if "colorbar" in trace]
        share = chart.key.partition("-")[0] in SHARES
        assert bars == (["%" if share else "u"] if chart.key.endswith("-steps") else [])


def test_heat_maps_are_the_final_probe() -> None:
    """Layers down, steps across; shares in per cent."""
    content = random_diagnostics()
    charts = drawn(content)
    for name, values in content.final.items():
        heat = charts[f"{name.replace('_', '-')}-steps"].data[0]
        assert np.allclose(heat["z"], values * (100 if name in SHARES else 1))
        assert heat["x"] == [1, 2, 3, 4]
        assert (heat["zmin"], heat["zmax"]) == (0, pytest.approx(np.max(heat["z"])))
    content.final["membrane_mean"][0, 0] = -3.0
    heat = drawn(content)["membrane-mean-steps"].data[0]
    assert (heat["zmin"], heat["zmax"]) == (-3.0, 3.0)


def test_lines_are_means_over_the_steps() -> None:
    """One per layer, one point per epoch; gradient norms as they are, zeros as gaps."""
    content = random_diagnostics()
    content.gradient_norm[1, 0] = 0.0
    charts = drawn(content)
    for name in ("rate", "available", "threshold", "width"):
        scale = 100 if name in SHARES else 1
        for index, line in enumerate(charts[f"{name}-epochs"].data):
            expected = content.series[name][:, index].mean(axis=1) * scale
            assert line["x"] == [0, 1, 2]
            assert line["y"] == pytest.approx(expected.tolist())
    chart = charts["gradient-norms"]
    assert chart.data[0]["y"][1] is None
    assert chart.data[1]["y"] == content.gradient_norm[:, 1].tolist()
    assert [label for label, _ in chart.legend] == ["conv", "fc"]


def test_histograms_are_shares_of_all_that_was_counted() -> None:
    """Bins in per cent, the rest named; threshold at 0, the mean interval shaded."""
    content = random_diagnostics()
    chart = drawn(content)["membrane-histograms"]
    counts = content.histogram[1, 2]
    line = chart.data[4 + 2]
    assert line["y"] == pytest.approx((100 * counts[1:-1] / counts.sum()).tolist())
    assert (line["x"][0], line["x"][-1]) == (-3.9375, 3.9375)
    threshold, *intervals = chart.layout["shapes"]
    assert threshold["x0"] == threshold["x1"] == 0
    for index, interval in enumerate(intervals):
        width = interval["x1"] - interval["x0"]
        assert width == pytest.approx(content.final["width"][index].mean())
    below = content.histogram[0, :, 0].sum() / content.histogram[0].sum()
    assert chart.layout["annotations"][0]["text"].startswith(
        f"<b>layer 0</b>  {100 * below:.1f} % below \N{MINUS SIGN}4"
    )


def test_many_steps_are_thinned_out_and_said_so() -> None:
    """First and last stay."""
    chart = drawn(random_diagnostics(steps=100))["membrane-histograms"]
    names = [line["name"] for line in chart.data[:8]]
    assert (names[0], names[-1], len(chart.data)) == ("step 1", "step 100", 16)
    assert "8 of 100 steps are drawn" in chart.caption


def test_what_was_not_measured_is_a_gap() -> None:
    """A layer that never ran, and an interval without end, on a page that is still JSON."""
    content = random_diagnostics()
    for values in (*content.series.values(), *content.final.values()):
        values[..., 1, :] = np.nan
    content.final["width"][0] = np.inf
    content.histogram[1] = 0
    text = page(content, CURVE, "digits")
    figures = json.loads(_between(text, 'id="charts-data">', "</script>"))
    by_key: dict[str, Any] = {figure["id"]: figure for figure in figures}
    assert by_key["rate-steps"]["data"][0]["z"][1] == [None] * 4
    assert by_key["rate-epochs"]["data"][1]["y"] == [None] * 3
    assert len(by_key["membrane-histograms"]["data"]) == 4
    assert "never ran" in by_key["membrane-histograms"]["layout"]["annotations"][1]["text"]
    assert by_key["membrane-histograms"]["layout"]["shapes"][1]["x1"] == 4


def test_epochs_without_diagnostics_are_announced() -> None:
    """A run that began without them has fewer rows; without any there are no lines."""
    assert 'class="alert"' not in page(random_diagnostics(), CURVE, "digits")
    assert "1 of 3 epochs have no diagnostics" in page(random_diagnostics(epochs=2), CURVE, "d")
    assert "have no diagnostics" not in page(random_diagnostics(epochs=5), CURVE, "d")
    keys = set(drawn(random_diagnostics(epochs=0)))
    assert "gradient-norms" not in keys
    assert not any(key.endswith("-epochs") for key in keys)


def test_the_page_defines_what_it_counts() -> None:
    """The gradient-available interval, in words and for the rectangle."""
    text = re.sub(r"\s+", " ", page(random_diagnostics(), CURVE, "digits"))
    assert "at least half its value at the threshold" in text
    assert "|u \N{MINUS SIGN} threshold| &lt; k/2" in text


def test_colours_run_from_the_first_layer_to_the_last() -> None:
    """Ends are the anchors' ends, and neighbours differ."""
    colours = ramp(20)
    assert (colours[0], colours[-1]) == (DEPTH[0], DEPTH[-1])
    assert len(set(colours)) == 20
    assert ramp(1) == [DEPTH[0]]


def _between(text: str, start: str, end: str) -> str:
    return text.split(start)[1].split(end)[0]


def test_the_page_names_the_epoch_that_the_run_keeps() -> None:
    """The last one, or with early stop the best on the validation split, never both."""
    best = CURVE.model_copy(update={"best_epoch": 1})
    for curve, kept, other in (
        (CURVE, "the last epoch", "the best validation epoch"),
        (best, "the best validation epoch, 1", "the last epoch"),
    ):
        captions = {
            chart.key: chart.caption for chart in training_charts(random_diagnostics(), curve)
        }
        accuracy = {"the last epoch": "80.00", "the best validation epoch, 1": "60.00"}[kept]
        assert f"Accuracy after {kept}: validation {accuracy} %" in captions["training"]
        for key in ("rate-steps", "threshold-steps", "membrane-histograms"):
            assert kept in captions[key]
        assert not any(other in caption for caption in captions.values())


def test_the_memory_of_a_sample_stands_on_the_page_if_it_was_measured() -> None:
    """As a number of bytes."""
    text = page(random_diagnostics(), CURVE.model_copy(update={"bytes_per_sample": 20480}), "x")
    assert "Training keeps 20,480 bytes per sample for its gradients." in text
    assert "bytes per sample" not in page(random_diagnostics(), CURVE, "x")


def test_a_best_epoch_is_one_of_the_curve() -> None:
    """Another number is a fault of the report."""
    with pytest.raises(ValueError, match="best_epoch: 7 isn't among the epochs"):
        TrainingCurve(epochs=(0, 1), best_epoch=7)
