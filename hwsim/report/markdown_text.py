"""Text, tables and links on their way into GitHub-flavoured Markdown."""

import re
from collections.abc import Iterable, Sequence

ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;"}
"""Characters that no Markdown reader may take for HTML or for the border of a cell."""

SPECIAL = re.compile(
    r"[\\`*\[\]~$#]"
    r"|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])"  # within a word an underscore is no emphasis
    r"|:(?=\S)"  # an address or an emoji's name
    r"|(?<=\bwww)\.",
    re.IGNORECASE,
)
BLOCK_START = re.compile(r"^(?:[-+](?=\s|$)|[-=](?=[-=]*$)|\d+(?=[.)](?:\s|$)))")
ADDRESS = re.compile(r"https://[^\s<>\"'\\]+")


class Markup(str):
    """Markdown that is already safe and must not be escaped again."""

    __slots__ = ()


def escaped(text: str) -> Markup:
    """The text as it is, on one line: whatever it holds, a reader sees these characters."""
    if isinstance(text, Markup):
        return text
    line = " ".join(text.split())
    line = SPECIAL.sub(lambda found: "\\" + found[0], line)
    line = BLOCK_START.sub(_not_a_block, line)
    return Markup("".join(ENTITIES.get(character, character) for character in line))


def strong(text: str) -> Markup:
    """The text in bold; nothing where there is none."""
    shown = escaped(text)
    return Markup(f"**{shown}**") if shown else shown


def link(text: str, address: str) -> Markup:
    """A link where the address is an https one, else the text alone."""
    if not ADDRESS.fullmatch(address):
        return escaped(text)
    target = address.replace("&", "&amp;").replace("|", "%7C")
    return Markup(f"[{escaped(text)}](<{target}>)")


def heading(level: int, text: str) -> str:
    """A heading."""
    return f"{'#' * level} {escaped(text)}"


def bullets(items: Iterable[str]) -> str:
    """A list, one line per item."""
    return "\n".join(f"- {escaped(item)}" for item in items)


def alert(text: str) -> str:
    """A paragraph that stands out."""
    return f"> {escaped(text)}"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], words: Sequence[int] = (0,)) -> str:
    """A table.

    Args:
        heads: of the columns.
        rows: cells, one per column; `Markup` goes in as it is, any other text is escaped.
        words: columns of text, set left; the others are numbers, set right.

    Raises:
        ValueError: a row has more or fewer cells than there are heads.
    """
    rule = [":--" if column in words else "--:" for column in range(len(heads))]
    lines = [_line(heads), _line([Markup(each) for each in rule])]
    for row in rows:
        if len(row) != len(heads):
            raise ValueError(f"a row of {len(row)} cells under {len(heads)} heads")
        lines.append(_line(row))
    return "\n".join(lines)


def section(title: str, *parts: str) -> str:
    """A titled part of the document; nothing where every part is empty."""
    shown = [part for part in parts if part]
    return "\n\n".join((heading(2, title), *shown)) if shown else ""


def document(parts: Iterable[str]) -> str:
    """The parts that there are, a blank line between them."""
    return "\n\n".join(part for part in parts if part) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(escaped(cell) for cell in cells)} |"


def _not_a_block(found: re.Match[str]) -> str:
    start = found[0]
    # A number's dot is escaped, not the number.
    return start + "\\" if start.isdigit() else "\\" + start
