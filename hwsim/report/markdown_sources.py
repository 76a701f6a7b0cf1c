"""Parts of report.md that say what the numbers stand on."""

from hwsim.report.chip_cost import Source
from hwsim.report.markdown_text import Markup, bullets, escaped, link, section, table
from hwsim.report.model import Report
from hwsim.report.wording import constant_value, in_unit_of


def assumptions_section(report: Report) -> str:
    """What the estimate takes as given and leaves out."""
    return section("Assumptions", bullets(report.assumptions))


def silicon_section(report: Report) -> str:
    """Where a real chip may differ; nothing in a report that doesn't say."""
    if not report.silicon:
        return ""
    text = "The emulator is bit-exact to Lava's CPU models; nothing was run on silicon."
    return section("Where real silicon may differ", text, bullets(report.silicon))


def sources_section(report: Report) -> str:
    """Every source with its link, where it has one."""
    text = (
        "Grades: published by the maker, measured on silicon, derived from such numbers, or "
        "assumed for want of one."
    )
    return section("Sources", text, bullets(_source(source) for source in report.sources))


def _source(source: Source) -> Markup:
    return Markup(f"{escaped(source.key)} \N{EN DASH} {link(source.citation, source.url)}")


def constants_section(report: Report) -> str:
    """Every limit and cost of the chip file."""
    rows = [
        [
            constant.key,
            constant_value(constant),
            in_unit_of(constant.key, constant.low),
            in_unit_of(constant.key, constant.high),
            constant.grade,
            constant.source,
            constant.note,
        ]
        for constant in report.constants
    ]
    heads = ["Key", "Value", "Low", "High", "Grade", "Source", "Note"]
    return section(f"Constants of {report.chip.title}", table(heads, rows, words=(0, 4, 5, 6)))
