"""A table in HTML: columns of text or numbers, text escaped."""

from collections.abc import Sequence
from dataclasses import dataclass

from hwsim.report.html_text import safe


@dataclass(frozen=True)
class Column:
    """A column's head and class: `number` is set right, `note` is muted, "" is plain text."""

    head: str
    kind: str = "number"


def table(
    label: str,
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    foot: Sequence[str] | None = None,
) -> str:
    """A table whose first cell heads each row; wide ones scroll inside the page.

    Args:
        label: what the table holds, for screen readers.
        columns: heads, from left to right.
        rows: cells, one per column; `Markup` goes in as it is, any other text is escaped.
        foot: the sums, one cell per column.
    """
    heads = "".join(
        f'<th scope="col"{_class(column)}>{safe(column.head)}</th>' for column in columns
    )
    body = "".join(_row(columns, row) for row in rows)
    sums = "" if foot is None else f"<tfoot>{_row(columns, foot)}</tfoot>"
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{safe(label)}"><table>'
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody>{sums}</table></div>"
    )


def _row(columns: Sequence[Column], cells: Sequence[str]) -> str:
    first, *others = (
        f"{_class(column)}>{safe(cell)}" for column, cell in zip(columns, cells, strict=True)
    )
    return f'<tr><th scope="row"{first}</th>{"".join(f"<td{cell}</td>" for cell in others)}</tr>'


def _class(column: Column) -> str:
    return f' class="{column.kind}"' if column.kind else ""
