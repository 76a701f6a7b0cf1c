"""The cost model against measured silicon: predicted beside measured, with every ratio.

    python benchmarks/silicon.py [--output FILE.json]

Measured figures, scope and rules stand in silicon_cases.toml, which was fixed before anything was
compared. Each case is predicted with the published and with the fitted constants. The exit code is
1 if a ratio leaves the bound that was asked for beforehand.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import silicon_mnist, silicon_pilotnet, silicon_rest
from benchmarks.silicon_rows import Row, cases
from hwsim.report.units import count, si


def rows(measured: dict[str, Any]) -> Iterator[Row]:
    """Every figure of every case."""
    yield from silicon_pilotnet.rows(measured["pilotnet"])
    yield from silicon_mnist.rows(measured["quartz_mnist"])
    yield from silicon_rest.rows(measured)


def table(found: list[Row]) -> Table:
    """For people."""
    shown = Table("case", "kind", "quantity", "constants", box=None, pad_edge=False)
    for head in ("predicted", "low to high", "measured", "ratio", "bound"):
        shown.add_column(head, justify="right")
    for row in found:
        shown.add_row(
            row.case, row.kind, row.quantity, row.constants, _spelt(row, row.predicted),
            "" if row.low is None or row.high is None
            else f"{_spelt(row, row.low)} to {_spelt(row, row.high)}",
            _spelt(row, row.measured), f"{row.ratio:.2f}", _verdict(row),
        )  # fmt: skip
    return shown


def summary(found: list[Row]) -> Iterator[str]:
    """One line per network and set: a network measured at several windows counts once."""
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in found:
        if row.kind in ("energy", "time"):
            groups.setdefault((row.case, row.kind, row.constants), []).append(row)
    for (case, kind, constants), own in groups.items():
        ratios = [row.ratio for row in own]
        yield (
            f"{case}, {kind}, {constants}: ratio {min(ratios):.2f} to {max(ratios):.2f}, mean "
            f"{sum(ratios) / len(ratios):.2f}"
        )


def main() -> int:
    """Prints tables, reasons and what can't be compared."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, help="write the figures here as JSON")
    arguments = parser.parse_args()
    measured = cases()
    found = list(rows(measured))
    console = Console(width=200, highlight=False)
    console.print(table(found))
    console.print("\nPer network:")
    for line in summary(found):
        console.print(f"- {line}")
    console.print("\nReasons:")
    for reason in dict.fromkeys(f"{row.case}, {row.quantity}: {row.reason}" for row in found):
        console.print(f"- {reason}.")
    console.print("\nNot comparable:")
    for case, why in measured["not_comparable"].items():
        console.print(f"- {case}: {why}.")
    if arguments.output is not None:
        figures = [vars(row) | {"ratio": row.ratio, "holds": row.holds} for row in found]
        arguments.output.write_text(json.dumps(figures, indent=2) + "\n")
    return 1 if any(row.holds is False for row in found) else 0


def _spelt(row: Row, value: float) -> str:
    return count(value) if row.unit in ("synop", "core", "entry") else si(value, row.unit)


def _verdict(row: Row) -> str:
    if row.bound is None:
        return ""
    return f"{row.bound:.0%}, {'holds' if row.holds else 'BROKEN'}"


if __name__ == "__main__":
    sys.exit(main())
