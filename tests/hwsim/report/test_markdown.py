"""report.md as a Markdown reader that isn't ours sees it."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from hwsim.report.emulated import Accuracy, EmulatedLayer, Network, UncostedReport
from hwsim.report.markdown import markdown, write_markdown
from hwsim.report.markdown_text import bullets, escaped, heading, link, table
from hwsim.report.model import AnyReport, Report
from hwsim.report.terms import TERMS
from hwsim.report.units import count, si
from tests.report_example import HOSTILE, example_report
from trainers.errors import FileError

READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
"""GitHub's tables on CommonMark; HTML is let through, so that a test can see it."""

NASTY = (
    *HOSTILE, "a|b", "`code`", "[x](https://example.org)", "**bold** _it_ ~~no~~", "\\|", "$1$",
    "![i](https://example.org/i.png)", "&lt;", "# head", "<!-- gone", "https://example.org", "---",
)  # fmt: skip


def inlines(text: str) -> list[list[Token]]:
    """What every paragraph, heading and cell is made of."""
    return [token.children or [] for token in READER.parse(text) if token.type == "inline"]


def plain(parts: list[Token]) -> str:
    """The characters that a reader sees."""
    return "".join(part.content for part in parts)


def tables(text: str) -> list[list[list[str]]]:
    """Every table as rows of cells."""
    found: list[list[list[str]]] = []
    for token in READER.parse(text):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type == "inline" and token.level >= 4 and found:
            found[-1][-1].append(plain(token.children or []))
    return found


def titles(text: str) -> list[str]:
    """Text of every heading."""
    tokens = READER.parse(text)
    return [
        plain(after.children or [])
        for token, after in pairwise(tokens)
        if token.type == "heading_open"
    ]


def uncosted(*names: str) -> UncostedReport:
    """A network that no chip could run."""
    return UncostedReport(
        network=Network(neurons=20, synapses=100, time_steps=2),
        accuracy=Accuracy(trained=0.9, samples=50),
        layers=tuple(
            EmulatedLayer(
                name=name, shape=(10,), neurons=10, depth=index, spikes_per_inference=3.0,
                spike_rate=0.15, spikes_per_step=(1.0, 2.0), synops_per_inference=30.0,
                synapses_in=50, saturations=0, wraps=0,
            )
            for index, name in enumerate(names)
        ),
        simulated_samples=50,
        no_chip_equivalent="Thresholds of 'a|b' <move>.",
    )  # fmt: skip


@pytest.mark.parametrize(
    "report", [example_report(names=NASTY, cores=15), uncosted(*NASTY)], ids=["costed", "uncosted"]
)
def test_no_name_becomes_html_an_image_or_code(report: AnyReport) -> None:
    """Whatever a layer is called, the reader sees its characters and nothing else happens."""
    text = markdown(report)
    kinds = {token.type for token in READER.parse(text)}
    kinds |= {part.type for parts in inlines(text) for part in parts}
    assert not kinds & {"html_block", "html_inline", "image", "s_open", "em_open", "fence", "hr",
                        "code_block", "s_close"}  # fmt: skip
    layers = next(each for each in tables(text) if each[0][:2] == ["Layer", "Shape"])
    assert [row[0] for row in layers[1:]] == list(NASTY)


@pytest.mark.parametrize(
    "report",
    [example_report(), example_report(fits=False, extras=False, accuracy=False),
     example_report(names=NASTY, cores=15, chips=2), uncosted("a", "b")],
)  # fmt: skip
def test_every_row_has_a_cell_per_head(report: AnyReport) -> None:
    """Counted in the source, since a reader fills up and cuts off rows that don't match."""
    text = markdown(report)
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if line.startswith("|"):
            assert line.count("|") == lines[number - 1].count("|") or not lines[number - 1]
    shown = tables(text)
    assert len(shown) == sum(line.startswith("| :--") or line.startswith("| --:") for line in lines)
    assert all(len(row) == len(rows[0]) for rows in shown for row in rows)


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1))
def test_any_text_is_shown_as_it_is(text: str) -> None:
    """In a cell, an item and a heading, as another parser reads them."""
    _shown_everywhere(text)


@given(st.text("\\`*_[]()<>|&~#!$-+=:/.1 \n;ahtpws", min_size=1))
def test_any_marks_are_shown_as_they_are(text: str) -> None:
    """The same for texts of nothing but characters that mean something."""
    _shown_everywhere(text)


def _shown_everywhere(text: str) -> None:
    line = " ".join(text.split())
    document = f"{heading(2, text)}\n\n{bullets([text])}\n\n{table(['x', text], [[text, 'y']])}\n"
    kinds = [token.type for token in READER.parse(document) if token.nesting >= 0]
    assert kinds.count("heading_open") == 1
    assert kinds.count("bullet_list_open") == 1
    assert [cell for row in tables(document)[0] for cell in row] == ["x", line, line, "y"]
    for parts in inlines(document):
        assert {part.type for part in parts} <= {"text"}
    if line:
        assert titles(document) == [line]
        assert plain(inlines(document)[1]) == line


def test_an_address_in_a_name_is_no_link() -> None:
    """GitHub makes links of bare addresses; the colon or the dot is escaped."""
    assert "https:" not in escaped("see https://example.org")
    assert "www." not in escaped("www.example.org")
    assert plain(inlines(escaped("www.example.org and http://a"))[0]) == (
        "www.example.org and http://a"
    )


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "http://example.org", "", "https://a b"]
)
def test_only_https_addresses_are_linked(address: str) -> None:
    """Any other leaves the text alone."""
    assert [part.type for part in inlines(link("work", address))[0]] == ["text"]


def test_a_link_keeps_its_address() -> None:
    """With brackets, ampersands and bars in it."""
    shown = link("a [b] | c", "https://example.org/x(1)?a=1&copy=2")
    opened, text, _ = inlines(shown)[0]
    assert opened.attrs["href"] == "https://example.org/x(1)?a=1&copy=2"
    assert text.content == "a [b] | c"
    assert tables(table(["h"], [[link("w", "https://e.org/a|b")]]))[0][1] == ["w"]


def test_every_part_is_there() -> None:
    """One heading per part of the report, in its order."""
    report = example_report()
    assert [title for title in titles(markdown(report)) if not title.startswith("Longest")] == [
        "digits on Intel Loihi 1", "Accuracy", "Where accuracy goes", "Energy", "Latency",
        "Layers", "Does it fit?", "What the total hangs on", "Events and their costs",
        "Other chips and devices", "Against the equal ANN", "Energy under one price list",
        "Printed bounds", "Operations by layer", "NeuroBench metrics", "Quantisation", "Runtimes",
        "Assumptions", "Where real silicon may differ", "Sources", "Constants of Intel Loihi 1",
    ]  # fmt: skip


def test_energy_is_told_by_term_and_with_its_range() -> None:
    """Every term, the sum, low and high."""
    report = example_report()
    rows = next(each for each in tables(markdown(report)) if each[0][0] == "Term")[1:]
    assert [row[0] for row in rows[: len(TERMS)]] == [term.label for term in TERMS]
    assert [row[1] for row in rows[: len(TERMS)]] == [
        si(getattr(report.energy_j, term.key), "J") for term in TERMS
    ]
    total = report.energy_range_j
    assert [row[1] for row in rows[len(TERMS) :]] == [
        si(total.nominal, "J"), si(total.low, "J"), si(total.high, "J")
    ]  # fmt: skip


def test_sources_are_links() -> None:
    """In the list and at each event."""
    hrefs = [
        part.attrs["href"]
        for parts in inlines(markdown(example_report()))
        for part in parts
        if part.type == "link_open"
    ]
    # Three events, one entry of the list.
    assert hrefs.count("https://doi.org/10.1") == 4


def test_what_does_not_fit_is_said_at_the_top_with_advice() -> None:
    """Before any number."""
    text = markdown(example_report(fits=False))
    start = text.split("| Quantity")[0]
    assert "5,120 exceed 4,096 by 1,024" in start
    assert "Fewer channels into" in start
    rows = next(each for each in tables(text) if each[0][0] == "Exceeded")
    assert rows[1][1:4] == ["5,120", "4,096", "1,024"]


def test_missing_energy_of_a_device_is_an_empty_cell() -> None:
    """Not a zero."""
    report = example_report()
    rows = next(each for each in tables(markdown(report)) if each[0][0] == "Device")[1:]
    by_title = {row[0]: row for row in rows}
    for device in report.devices:
        if device.energy_j is None:
            assert by_title[device.title][1:4] == ["", "", ""]
        else:
            assert by_title[device.title][2] == si(device.energy_j.nominal, "J")


def test_neurobench_has_its_own_names_and_a_scope_that_is_text() -> None:
    """What wasn't measured is left out."""
    report = example_report()
    assert report.neurobench is not None
    scoped = report.neurobench.model_copy(update={"scope": "Of <b>a</b> | *b*."})
    text = markdown(report.model_copy(update={"neurobench": scoped}))
    rows = dict(next(each for each in tables(text) if each[0][0] == "Metric")[1:])
    assert rows["effective_macs"] == count(report.neurobench.effective_macs)
    assert rows["classification_accuracy"] == "0.9861"
    assert "activation_sparsity" not in rows
    assert any(plain(parts).endswith("Of <b>a</b> | *b*.") for parts in inlines(text))


def test_what_was_not_measured_is_left_out_or_said() -> None:
    """A bare report has no empty parts."""
    text = markdown(example_report(extras=False, accuracy=False))
    assert text.count("not measured") == 3
    for title in ("Other chips", "Against", "NeuroBench", "Runtimes", "Quantisation"):
        assert title not in " ".join(titles(text))


def test_a_network_without_a_chip_claims_nothing() -> None:
    """The reason, the counts, no joule and no second."""
    text = markdown(uncosted("a", "b"))
    assert "No energy and no latency are claimed" in text
    for claim in ("Energy per inference", "Latency", "Cores", "µJ", "nJ", "Loihi"):
        assert claim not in text


def test_a_table_whose_rows_do_not_match_is_refused() -> None:
    """A missing cell would shift the row."""
    with pytest.raises(ValueError, match="1 cells under 2 heads"):
        table(["a", "b"], [["1"]])


def test_the_file_appears_whole(tmp_path: Path) -> None:
    """With the text of the report; an impossible place is one line."""
    report: Report = example_report()
    write_markdown(report, tmp_path / "report.md")
    assert (tmp_path / "report.md").read_text(encoding="utf-8") == markdown(report)
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError):
        write_markdown(report, tmp_path / "file" / "report.md")
