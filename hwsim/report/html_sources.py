"""Where the page's numbers come from: priced events, the chip file's constants, the sources."""

from hwsim.report.chip_cost import Source
from hwsim.report.html_table import Column, table
from hwsim.report.html_tables import section
from hwsim.report.html_text import Markup, outward, safe
from hwsim.report.model import Report
from hwsim.report.terms import TERMS
from hwsim.report.units import count, si
from hwsim.report.wording import capital, constant_value, in_unit_of


def event_table(report: Report) -> str:
    """Every priced event and the sum of their energies."""
    labels = {term.key: term.label for term in TERMS}
    rows = [
        [
            capital(event.event),
            labels.get(event.term, event.term),
            count(event.count_per_inference),
            si(event.energy_each_j, "J"),
            si(event.energy_j, "J"),
            "" if event.latency_each_s is None else si(event.latency_each_s, "s"),
            _grade(event.grade),
            _source_link(report, event.source),
            event.note,
        ]
        for event in report.events
    ]
    columns = [
        Column("Event", ""), Column("Term", "close"), Column("Per inference"),
        Column("Energy of one"), Column("Energy"), Column("Time of one"), Column("Grade", ""),
        Column("Source", ""), Column("Note", "note"),
    ]  # fmt: skip
    foot = ["Total", "", "", "", si(report.energy_j.total, "J"), "", "", "", ""]
    return section(
        "events",
        "Events and their costs",
        "Counts come from the emulated network, costs from the chip file; energies are estimates. "
        "An event without a time doesn't enter the latency.",
        table("Events and their costs", columns, rows, foot),
    )


def source_list(report: Report) -> str:
    """Where the numbers come from, and all of the chip file's constants."""
    items = "".join(
        f'<li id="source-{number}">{_cited(source)} <code>{safe(source.key)}</code></li>'
        for number, source in enumerate(report.sources, start=1)
    )
    return section(
        "sources",
        "Sources",
        "Grades: published by the maker, measured on silicon, derived from such numbers, or "
        "assumed for want of one.",
        f'<ol class="plain-list">{items}</ol><details><summary>All {len(report.constants)} '
        f"constants of {safe(report.chip.title)}</summary>{_constant_table(report)}</details>",
    )


def _constant_table(report: Report) -> str:
    rows = [
        [
            Markup(f"<code>{safe(constant.key)}</code>"),
            constant_value(constant),
            in_unit_of(constant.key, constant.low),
            in_unit_of(constant.key, constant.high),
            _grade(constant.grade),
            _source_link(report, constant.source),
            constant.note,
        ]
        for constant in report.constants
    ]
    columns = [
        Column("Key", ""), Column("Value"), Column("Low"), Column("High"), Column("Grade", ""),
        Column("Source", ""), Column("Note", "note"),
    ]  # fmt: skip
    return table("Constants", columns, rows)


def _cited(source: Source) -> str:
    return outward(source.url, source.citation)


def _grade(grade: str) -> Markup:
    return Markup(f'<span class="grade grade-{safe(grade)}">{safe(grade)}</span>')


def _source_link(report: Report, key: str) -> Markup:
    numbers = {source.key: number for number, source in enumerate(report.sources, start=1)}
    return Markup(f'<a href="#source-{numbers[key]}">{safe(key)}</a>')
