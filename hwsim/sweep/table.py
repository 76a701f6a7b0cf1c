"""A sweep as a table for a terminal; the caller prints what it gets."""

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from hwsim.report.units import count, percent, si
from hwsim.sweep.results import Results
from hwsim.sweep.row import NO_EQUIVALENT, OnSplit, Row

ON_FRONT, BEST = "front", "best"
UNKNOWN = "-"


def summary(results: Results) -> RenderableType:
    """The table, what was refused, and which row to take."""
    costs = f"energy and latency: estimates for {results.chip_title}, per inference"
    return Group(
        Text(f"{results.title}: sweep, {count(len(results.rows))} points; {costs}", style="bold"),
        _table(results),
        *(Text(line) for line in remarks(results)),
    )


def in_words(row: Row) -> str:
    """A point and its row in one line."""
    point = f"{settings(row)}: "
    if row.measured is None:
        return f"{point}refused: {row.refused}"
    found = row.measured.validation
    return f"{point}validation accuracy {found.accuracy:.4f}, {_energy(found)}"


def settings(row: Row) -> str:
    """A point's values with their names."""
    words = (f"{row.weight_bits} bits", row.threshold_strategy, row.scale_search)
    return ", ".join((*words, "QAT") if row.qat else words)


def remarks(results: Results) -> list[str]:
    """What a reader of the table must know."""
    lines = _refusals(results)
    if results.constant_thresholds:
        lines.append(
            "No threshold of this network changes with time, so that all threshold strategies are "
            "the same and stand in one row."
        )
    if any(row.measured and row.objectives is None for row in results.rows):
        lines.append(
            f"{NO_EQUIVALENT}: thresholds that move with time run in the emulator alone, so no "
            "energy is claimed and the row isn't on the front."
        )
    return [*lines, choice(results)]


def _refusals(results: Results) -> list[str]:
    """Each line once, with the points that it is about."""
    found: dict[str, list[str]] = {}
    for row in results.rows:
        if row.refused is not None:
            found.setdefault(row.refused, []).append(settings(row))
    return [f"{'; '.join(points)}: refused: {line}" for line, points in found.items()]


def choice(results: Results) -> str:
    """Which row to take, and why."""
    best = None if results.best is None else results.rows[results.best]
    if best is None or best.measured is None:
        return "No row has both accuracy and energy, so none is chosen."
    found, tested = best.measured.validation, best.measured.test
    return (
        f"Least energy within {percent(results.tolerance, 2)} of the highest validation accuracy: "
        f"{settings(best)} (validation {percent(found.accuracy, 2)}, test "
        f"{percent(tested.accuracy, 2)}, {_energy(found)}). The test split chose nothing."
    )


def mark(results: Results, index: int) -> str:
    """Whether a row is the chosen one or on the front."""
    if index == results.best:
        return BEST
    return ON_FRONT if index in results.front else ""


def cells(row: Row) -> list[str]:
    """Bits, strategy, scales, QAT, two accuracies, two energies, latency, spikes, memory."""
    qat = "yes" if row.qat else "no"
    point = [str(row.weight_bits), row.threshold_strategy, row.scale_search, qat]
    if row.measured is None:
        return [*point, "refused", *[UNKNOWN] * (len(COLUMNS) - len(point) - 1)]
    found, tested = row.measured.validation, row.measured.test
    return [
        *point,
        percent(found.accuracy, 2),
        percent(tested.accuracy, 2),
        _energy(found),
        UNKNOWN if tested.energy_j is None else si(tested.energy_j, "J"),
        UNKNOWN if tested.latency_s is None else si(tested.latency_s, "s"),
        count(tested.spikes),
        si(row.measured.weight_memory_bits, "bit"),
    ]


COLUMNS = (
    "bits", "thresholds", "scales", "QAT", "accuracy, validation", "accuracy, test",
    "energy, validation", "energy, test", "latency", "spikes", "weights",
)  # fmt: skip
"""Heads of `cells`."""

AXES = 4
"""The first columns, which are a point's values."""

WORDS, NARROWEST = (1, 2), 7
"""Columns of names, and the fewest characters of a line of one."""

ENERGY = COLUMNS.index("energy, validation")
"""Holds numbers or words."""

PAGE_ONLY = ("energy, test", "spikes", "weights")
"""Columns that a terminal of 80 characters has no room for; the page and the files have them."""


def shown_columns(results: Results) -> list[int]:
    """Columns worth their room: of the point's values only those that differ, and the bits."""
    drawn = [cells(row) for row in results.rows]
    return [
        column
        for column in range(len(COLUMNS))
        if column == 0 or column >= AXES or len({line[column] for line in drawn}) > 1
    ]


def _table(results: Results) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("", min_width=len(ON_FRONT))
    shown = [column for column in shown_columns(results) if COLUMNS[column] not in PAGE_ONLY]
    for column in shown:
        head = COLUMNS[column].replace(", ", ",\n")
        # A name is folded where the terminal is narrow; one that is cut would say nothing.
        table.add_column(
            head,
            justify="left" if column in WORDS else "right",
            overflow="fold",
            no_wrap=column not in (*WORDS, ENERGY),
            min_width=NARROWEST if column in WORDS else max(map(len, head.splitlines())),
        )
    for index, row in enumerate(results.rows):
        drawn, marked = cells(row), mark(results, index)
        style = {BEST: "bold green", ON_FRONT: "green"}.get(marked)
        table.add_row(marked, *(drawn[column] for column in shown), style=style)
    return table


def _energy(on: OnSplit) -> str:
    return NO_EQUIVALENT if on.energy_j is None else si(on.energy_j, "J")
