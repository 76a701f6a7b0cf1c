"""A comparison as a file: .html, .md, .csv or .json."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

from hwsim.report.comparison import FACTS, QUANTITIES, Comparison
from hwsim.report.comparison_page import comparison_page, title
from hwsim.report.comparison_runs import Run
from hwsim.report.comparison_table import legend, rows
from hwsim.report.markdown_text import bullets, document, escaped, heading, section, strong, table
from trainers.atomic_file import whole_file
from trainers.errors import ConfigError

FORMULA_STARTS = ("=", "+", "-", "@", "\t")
"""What a spreadsheet takes for a formula."""


def check_output(path: Path) -> None:
    """Says before any work whether a file of that name can be made.

    Raises:
        ConfigError: it ends in nothing that can be written.
    """
    if path.suffix not in FORMS:
        raise ConfigError(f"{path}: unknown ending '{path.suffix}'. Use {', '.join(FORMS)}.")


def write_comparison(comparison: Comparison, path: Path) -> None:
    """Writes the comparison in the form that the ending names; `path` appears only when complete.

    Raises:
        ConfigError: another ending, or the path is one of the reports that were read.
        FileError: the folder can't be written to, or no space is left.
    """
    check_output(path)
    if path.resolve() in {run.path.resolve() for run in comparison.runs}:
        raise ConfigError(f"{path}: a report that is compared. Name another file.")
    with whole_file(path) as partial:
        partial.write_text(FORMS[path.suffix](comparison), encoding="utf-8", newline="")


def comparison_csv(comparison: Comparison) -> str:
    """A line per run, a column per quantity with the unit in its name; unknown is empty."""
    lines = io.StringIO()
    first = ["run", *(fact.key for fact in FACTS), *(quantity.key for quantity in QUANTITIES)]
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(first)
    for run in comparison.runs:
        words = [run.name, *(fact.value(run) for fact in FACTS)]
        writer.writerow([*map(_no_formula, words), *_values(run).values()])
    return lines.getvalue()


def comparison_json(comparison: Comparison) -> str:
    """Runs with all quantities, null where there is none; which are best; what differs."""
    content = {
        "format": 1,
        "runs": [
            {
                "run": run.name,
                "report": str(run.path),
                **{fact.key: fact.value(run) or None for fact in FACTS},
                **_values(run),
            }
            for run in comparison.runs
        ],
        "best": {
            quantity.key: [comparison.runs[position].name for position in sorted(best)]
            for quantity in QUANTITIES
            if (best := comparison.best(quantity))
        },
        "differences": list(comparison.sentences),
    }
    return json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def comparison_markdown(comparison: Comparison) -> str:
    """The table with the best values in bold, and what differs."""
    lines = [
        [label, *(strong(cell.marked) if cell.best else cell.text for cell in cells)]
        for label, cells in rows(comparison)
    ]
    heads = ["", *(run.name for run in comparison.runs)]
    return document(
        (
            heading(1, title(comparison)),
            table(heads, lines),
            escaped(f"{legend(comparison)} An empty cell: not measured, or not claimed."),
            section("Before comparing", bullets(comparison.sentences))
            if comparison.sentences
            else "",
        )
    )


def _values(run: Run) -> dict[str, float | None]:
    return {quantity.key: quantity.value(run) for quantity in QUANTITIES}


def _no_formula(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


FORMS: dict[str, Callable[[Comparison], str]] = {
    ".html": comparison_page,
    ".md": comparison_markdown,
    ".csv": comparison_csv,
    ".json": comparison_json,
}
"""What can be written, by ending."""
