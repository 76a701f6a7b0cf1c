"""sweep.json and sweep.csv: the rows of a sweep, its front, its choice; nothing that is timed."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from hwsim.sweep.front import best_row, pareto_front
from hwsim.sweep.row import OnSplit, Row
from trainers.atomic_file import whole_file


class Results(BaseModel):
    """The content of sweep.json.

    Args:
        format: version of this layout.
        title: of the run.
        chip: that costs: its name.
        chip_title: as its description has it.
        made_from: what the rows depend on.
        constant_thresholds: no threshold of the network moves, so that all strategies are one.
        tolerance: validation accuracy that the chosen row may lack of the highest, as a share.
        rows: in the order of the space.
        front: indices of the rows that no other one beats, by rising energy.
        best: index of the chosen row; None where no row has accuracy and energy.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    title: str
    chip: str
    chip_title: str
    made_from: dict[str, str]
    constant_thresholds: bool
    tolerance: float
    rows: tuple[Row, ...]
    front: tuple[int, ...]
    best: int | None


def results_of(
    rows: Sequence[Row],
    *,
    title: str,
    chip: str,
    chip_title: str,
    made_from: dict[str, str],
    constant_thresholds: bool,
    tolerance: float,
) -> Results:
    """The rows with their front and the chosen one."""
    return Results(
        title=title,
        chip=chip,
        chip_title=chip_title,
        made_from=made_from,
        constant_thresholds=constant_thresholds,
        tolerance=tolerance,
        rows=tuple(rows),
        front=pareto_front(rows),
        best=best_row(rows, tolerance),
    )


def write_json(results: Results, path: Path) -> None:
    """Writes sweep.json whole."""
    with whole_file(path) as partial:
        partial.write_text(results.model_dump_json(indent=1) + "\n", encoding="utf-8")


def write_csv(results: Results, path: Path) -> None:
    """Writes sweep.csv whole: a line per row, an empty cell for what isn't known."""
    with whole_file(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        lines = [_line(results, index) for index in range(len(results.rows))]
        writer = csv.DictWriter(file, list(lines[0]) if lines else [], lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)


def _line(results: Results, index: int) -> dict[str, object]:
    row = results.rows[index]
    found = row.measured
    return {
        **vars(row.point),
        **_split("validation", found.validation if found else None),
        **_split("test", found.test if found else None),
        "weights": found.weights if found else None,
        "weight_memory_bits": found.weight_memory_bits if found else None,
        "on_front": index in results.front,
        "best": index == results.best,
        "refused": row.refused,
    }


def _split(name: str, found: OnSplit | None) -> dict[str, object]:
    return {f"{name}_{key}": getattr(found, key, None) for key in OnSplit.model_fields}
