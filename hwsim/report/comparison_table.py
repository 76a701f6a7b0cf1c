"""A comparison as tables for a terminal; the caller prints what it gets."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from hwsim.report.comparison import FACTS, Comparison

MARK = "*"
BETWEEN_COLUMNS = 3
EDGES = 2
"""Blanks that rich draws beside each column, and at both ends of a line."""
WIDEST_COLUMN = 24
LEGEND = f"{MARK} best of its row. Energy and time are estimates, per inference."
NO_LEGEND = "Energy and time are estimates, per inference."


@dataclass(frozen=True)
class Cell:
    """What stands in a cell, and whether it is the best of its row."""

    text: str
    best: bool = False

    @property
    def marked(self) -> str:
        """The text with the mark of the best."""
        return f"{self.text} {MARK}" if self.best else self.text


def rows(comparison: Comparison) -> list[tuple[str, list[Cell]]]:
    """A label and a cell per run, for every fact and quantity that a run has."""
    found: list[tuple[str, list[Cell]]] = []
    for fact in FACTS:
        words = [fact.value(run) for run in comparison.runs]
        if any(words):
            found.append((fact.label, [Cell(word) for word in words]))
    for quantity in comparison.shown():
        best = comparison.best(quantity)
        values = [quantity.value(run) for run in comparison.runs]
        found.append(
            (
                quantity.label,
                [
                    Cell("" if value is None else quantity.show(value), position in best)
                    for position, value in enumerate(values)
                ],
            )
        )
    return found


def side_by_side(comparison: Comparison, width: int) -> RenderableType:
    """The runs as columns, as many beside each other as the width holds, and what differs."""
    lines = rows(comparison)
    tables = [_table(comparison, lines, columns) for columns in _blocks(comparison, lines, width)]
    return Group(
        *tables,
        Text(legend(comparison), style="dim"),
        *(Text(f"- {sentence}") for sentence in comparison.sentences),
    )


def legend(comparison: Comparison) -> str:
    """What the marks are, where there are any."""
    marked = any(cell.best for _, cells in rows(comparison) for cell in cells)
    return LEGEND if marked else NO_LEGEND


def _blocks(
    comparison: Comparison, lines: Sequence[tuple[str, list[Cell]]], width: int
) -> Iterator[range]:
    """Positions of runs that fit beside each other; one at least."""
    first = EDGES + max(cell_len(label) for label, _ in lines)
    start, used = 0, first
    for position, run in enumerate(comparison.runs):
        words = [run.name, *(cells[position].marked for _, cells in lines)]
        wide = min(max(map(cell_len, words)), WIDEST_COLUMN) + BETWEEN_COLUMNS
        if position > start and used + wide > width:
            yield range(start, position)
            start, used = position, first
        used += wide
    yield range(start, len(comparison.runs))


def _table(
    comparison: Comparison, lines: Sequence[tuple[str, list[Cell]]], columns: range
) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("", no_wrap=True)
    for position in columns:
        name = Text(comparison.runs[position].name)
        table.add_column(name, justify="right", overflow="fold", max_width=WIDEST_COLUMN)
    for label, cells in lines:
        shown = [cells[position] for position in columns]
        table.add_row(label, *(Text(c.marked, style="bold green" if c.best else "") for c in shown))
    return table
