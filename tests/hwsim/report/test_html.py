"""The page as text: every table says what the report says, and nothing stands there for nothing."""

import re
from html import unescape
from pathlib import Path

import pytest

from hwsim.report.html import page, write_html
from hwsim.report.json_file import read_report, write_report
from hwsim.report.model import Report
from tests.report_example import HOSTILE, example_report

SECTIONS = (
    "ledger-table", "runtimes", "layers", "events", "fit", "quantisation", "devices-table",
    "alternatives", "bounds", "neurobench", "silicon", "assumptions", "sources",
)  # fmt: skip
NOT_WITHOUT_EXTRAS = (
    "ledger-table", "runtimes", "quantisation", "devices-table", "alternatives", "bounds",
    "neurobench",
)  # fmt: skip


def shown(text: str) -> str:
    """What a reader sees of a piece of HTML."""
    return unescape(re.sub(r"<[^>]*>", "", text)).replace("\N{NO-BREAK SPACE}", " ")


def section(text: str, key: str) -> str:
    """One section's HTML."""
    return text.split(f'<section aria-labelledby="{key}-title">')[1].split("</section>")[0]


def cells(text: str) -> list[list[str]]:
    """Rows of a section's tables, heads included."""
    return [
        [shown(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)]
        for row in re.findall(r"<tr>(.*?)</tr>", text)
    ]


@pytest.fixture(scope="module")
def text() -> str:
    """The full page."""
    return page(example_report())


def test_every_section_is_there_once(text: str) -> None:
    """And each has a heading that names it."""
    for key in SECTIONS:
        assert text.count(f'id="{key}-title"') == 1, key


def test_no_section_without_content() -> None:
    """A network costed alone has no ledger, no runtimes, no alternatives."""
    bare = page(example_report(extras=False, accuracy=False))
    for key in SECTIONS:
        assert (f'id="{key}-title"' in bare) == (key not in NOT_WITHOUT_EXTRAS), key
    assert "not measured" in bare
    assert 'href="#part-alternatives"' not in bare
    assert "part-alternatives" not in bare


def test_headline_cards(text: str) -> None:
    """The numbers that decide, with their ranges, all estimates called so."""
    report = example_report()
    header = shown(text.split('<dl class="verdict')[1].split("</dl>")[0])
    for expected in (
        "98.89 %", "98.61 %", "360 test samples", "602 nJ", "361 nJ to 1.02 µJ", "18.4 µs",
        "14.7 to 38.7 µs", "7 chip steps", "inferences per second", "5 cores, 1 chip", "fits",
        "11.1 pJ\N{MIDDLE DOT}s", "290 nJ", "48 % of the total",
    ):  # fmt: skip
        assert expected in header, expected
    assert header.count("estimate") == 4
    assert report.energy_j.core_dynamic == pytest.approx(290e-9, rel=0.01)


def test_layer_and_event_rows(text: str) -> None:
    """A row each; the events' foot is the total."""
    report = example_report()
    layers = cells(section(text, "layers"))[1:]
    assert [row[0] for row in layers] == [layer.name for layer in report.layers]
    assert layers[1][7] == f"{report.layers[1].synops_per_inference:,.0f}"
    assert layers[0][-1] == "0.12 %"
    events = cells(section(text, "events"))[1:]
    assert len(events) == len(report.events) + 1
    assert events[0][1] == "Synaptic operations"
    assert events[3][1] == "Leakage of cores in use"
    assert events[-1][4] == "602 nJ"


def test_fit_rows_carry_shares_and_bars(text: str) -> None:
    """Per cent, numbers, and a bar as long as the share."""
    report = example_report()
    fit = section(text, "fit")
    rows = cells(fit)
    assert rows[0][4:] == [
        "Neurons", "Input axons", "Output axons", "Synaptic memory bits", "Binds",
    ]  # fmt: skip
    use = report.fit[0].uses[0]
    assert rows[1][4] == f"{100 * use.share:.0f} %{use.used} of 1,024"
    widths = [float(width) for width in re.findall(r'<rect width="([\d.]+)" height="4"/>', fit)]
    shares = [100 * use.share for row in report.fit for use in row.uses]
    assert widths == pytest.approx(shares, abs=0.06)
    assert [row[-1].lower() for row in rows[1:]] == [row.binds for row in report.fit]


def test_page_says_what_does_not_fit_and_what_would_help() -> None:
    """Above the numbers and in the fit table; bars of broken limits are marked."""
    report = example_report(fits=False)
    text = page(report)
    header = shown(text.partition("</header>")[0])
    assert "input axons of 'l000_lif' 5,120 exceed 4,096 by 1,024." in header
    assert "What would help: fewer channels into 'l000_lif', or a stride before it." in header
    assert "does not fit" in header
    row = cells(section(text, "fit"))[1]
    assert row[:4] == ["Input axons of 'l000_lif'", "5,120", "4,096", "1,024"]
    assert section(text, "fit").count('class="share over"') == len(report.layers)
    fitting = page(example_report())
    assert "fit:" not in shown(fitting.partition("</header>")[0])
    assert 'class="share over"' not in fitting


def test_page_warns_of_clipped_states() -> None:
    """Saturated membranes stand above the numbers and in the layer table."""
    report = example_report()
    layers = (report.layers[0].model_copy(update={"saturations": 7}), *report.layers[1:])
    text = page(report.model_copy(update={"layers": layers}))
    assert "clipped at 24 bits 7 times in 64 samples" in shown(text)
    assert cells(section(text, "layers"))[0][-2:] == ["Saturations", "Wraps"]


def test_device_rows(text: str) -> None:
    """What can't be told is said to be unknown; a range of one value is none."""
    rows = cells(section(text, "devices-table"))[1:]
    assert rows[0][:7] == [
        "Intel Loihi 1", "602 nJ", "361 nJ to 1.02 µJ", "20.0 µs", "5", "1", "yes",
    ]  # fmt: skip
    assert rows[1][6] == "no"
    assert rows[2][1:7] == ["100 nJ", "", "", "", "", ""]
    assert rows[4][1:3] == ["not known", ""]


def test_ann_and_printed_bounds(text: str) -> None:
    """ANN, SNN, ratio, break-even; verdicts as badges, also the unfavourable one."""
    rows = cells(section(text, "alternatives"))
    assert rows[1][:5] == ["45 nm arithmetic", "460 nJ", "110 nJ", "0.239", "5.1"]
    assert rows[2][:5] == ["45 nm with memory", "2.00 µJ", "4.10 µJ", "2.05", "none"]
    assert rows[4] == ["host", "9,216", "9,216", ""]
    bounds = section(text, "bounds")
    assert [row[2:5] for row in cells(bounds)[1:]] == [
        ["1.72", "0.61", "favourable"],
        ["0.15 to 1.38", "0.61", "undecided"],
        ["0.057", "0.152", "unfavourable"],
    ]
    for verdict in ("favourable", "undecided", "unfavourable"):
        assert f"verdict-{verdict}" in bounds


def test_neurobench_under_its_own_names(text: str) -> None:
    """Nine metrics; one that wasn't measured says so."""
    rows = dict(row[:2] for row in cells(section(text, "neurobench"))[1:])
    assert rows["Footprint"] == "1,250,000"
    assert rows["ConnectionSparsity"] == "0.0200"
    assert rows["ActivationSparsity"] == "not measured"
    assert rows["SynapticOperations: Effective_ACs"] == "61,000"
    assert len(rows) == 9


def test_constants_of_every_kind(text: str) -> None:
    """Truths, words, tuples of words and of numbers, rates, and both ends of a range."""
    rows = {row[0]: row[1:4] for row in cells(section(text, "sources"))[1:]}
    assert rows["forms"] == ["bias, spikes", "", ""]
    assert rows["neurons_per_core"] == ["1,024", "", ""]
    assert rows["conv_counts_zeros"] == ["yes", "", ""]
    assert rows["weight_bits"] == ["1, 2, 8", "", ""]
    assert rows["energy_per_synop_dense_j"] == ["23.6 pJ", "23.6 pJ", "35.5 pJ"]
    assert rows["work"] == ["serial", "", ""]
    assert rows["link_messages_per_s"] == ["3.44 G/s", "", ""]
    assert rows["barrier"][0] == "1 tile: 113 ns; 32 tiles: 465 ns"
    assert rows["static_power_per_core_w"] == ["816 µW", "380 µW", "816 µW"]


def test_links_lead_out_by_https_alone(text: str) -> None:
    """A click is needed, and the other side learns nothing; any other address is no link."""
    links = re.findall(r"<a [^>]*>", text.split("<script")[0])
    outward = [link for link in links if 'href="#' not in link]
    assert len(outward) == 3
    for link in outward:
        assert 'href="https://' in link
        assert 'rel="noopener noreferrer"' in link
    assert "javascript:" not in text.split("<script")[0]
    targets = set(re.findall(r'href="#([^"]+)"', text))
    assert targets <= set(re.findall(r'id="([^"]+)"', text))


def test_names_are_escaped_everywhere() -> None:
    """No tag of a name outside of the page's own scripts, and none in their data."""
    text = page(example_report(names=HOSTILE, fits=False))
    body, _, scripts = text.partition('<script type="application/json"')
    for tag in ("<script>alert", "<img", "</script><b>", "<Table 2>", "<minimum>"):
        assert tag not in body
    assert "<" not in scripts.partition("</script>")[0]


def test_the_training_page_is_linked_where_there_is_one() -> None:
    """A page of a run folder names the file beside it; one of a network costed alone doesn't."""
    report = example_report()
    assert 'href="training.html"' in page(report, training_page="training.html")
    assert "training.html" not in page(report).partition("<footer")[0]


def test_page_is_drawn_from_the_json_alone(tmp_path: Path) -> None:
    """The page of a report that went through report.json is the same, byte for byte."""
    report = example_report()
    write_report(report, tmp_path / "report.json")
    read = read_report(tmp_path / "report.json")
    assert isinstance(read, Report)
    assert page(read) == page(report)


@pytest.mark.parametrize(
    "report",
    [
        example_report(layers=20, cores=200, chips=2, time_steps=24),
        example_report(layers=40, cores=4000, chips=32, time_steps=100),
    ],
    ids=["two-chips", "many-chips"],
)
def test_file_stays_small(tmp_path: Path, report: Report) -> None:
    """Under 6 MB, plotly included."""
    write_html(report, tmp_path / "report.html")
    assert (tmp_path / "report.html").stat().st_size < 6_000_000
