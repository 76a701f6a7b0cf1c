"""sweep.html: accuracy against energy, the Pareto front and the table, drawn from sweep.json."""

from pathlib import Path

from hwsim.report.charts.chart import (
    INK,
    MUTED,
    Chart,
    Figure,
    axis,
    axis_title,
    layout,
    plain,
    scale_for,
)
from hwsim.report.charts.layer_colour import ramp
from hwsim.report.html_page import figures, framed
from hwsim.report.html_table import Column, table
from hwsim.report.html_text import safe
from hwsim.report.units import count, percent, si
from hwsim.sweep.results import Results
from hwsim.sweep.row import Row
from hwsim.sweep.table import (
    AXES,
    COLUMNS,
    cells,
    mark,
    remarks,
    settings,
    shown_columns,
)
from trainers.atomic_file import whole_file

HEIGHT = 440


def write_page(results: Results, path: Path) -> None:
    """Writes sweep.html; `path` appears only when the file is complete.

    Raises:
        FileError: the folder can't be written to, or no space is left.
    """
    with whole_file(path) as partial:
        partial.write_text(page(results), encoding="utf-8")


def page(results: Results) -> str:
    """The whole page as text."""
    drawn = [front_chart(results)]
    return framed(
        f"{results.title} on {results.chip_title}: spikeport sweep",
        (
            _header(results),
            figures(drawn),
            _rows(results),
            "<footer>Drawn from sweep.json alone. Every point was run on the emulator, integer by "
            "integer; energy and time are estimates from the events it counted.</footer>",
        ),
        drawn,
    )


def front_chart(results: Results) -> Chart:
    """A mark per point with both figures; the front as steps from mark to mark."""
    costed = [row for row in results.rows if row.objectives]
    energies = [row.objectives[1] for row in costed if row.objectives]
    scale, unit = scale_for(energies, "J")
    bits = sorted({row.weight_bits for row in costed})
    colours = dict(zip(bits, ramp(len(bits)), strict=True))
    missing = len(results.rows) - len(costed)
    left_out = f" {count(missing)} points without energy aren't drawn." if missing else ""
    return Chart(
        key="front",
        title="Accuracy and energy (estimate)",
        caption=(
            "Validation accuracy against energy of one inference on the validation samples, "
            f"{results.chip_title}; one mark per point, coloured by weight bits. The line is the "
            "Pareto front: no point is both more accurate and cheaper. The ring is the point of "
            f"least energy within {percent(results.tolerance, 2)} of the highest accuracy."
            f"{left_out}"
        ),
        height=HEIGHT,
        data=[
            _front_line(results, scale),
            *(_marks(costed, width, colours[width], scale) for width in bits),
            *_ring(results, scale),
        ],
        layout=layout(
            HEIGHT,
            xaxis=axis(title=axis_title(f"energy per inference ({unit})")),
            yaxis=axis(title=axis_title("validation accuracy (%)")),
            hovermode="closest",
        ),
        legend=tuple((f"{width} bits", colours[width]) for width in bits),
        wide=True,
    )


def _marks(rows: list[Row], width: int, colour: str, scale: float) -> Figure:
    own = [row for row in rows if row.weight_bits == width]
    return {
        "type": "scatter", "mode": "markers", "name": f"{width} bits", **_places(own, scale),
        "marker": {"color": colour, "size": 10, "line": {"color": "#ffffff", "width": 1}},
        "customdata": [_hover(row) for row in own],
        "hovertemplate": "%{customdata}<extra></extra>",
    }  # fmt: skip


def _front_line(results: Results, scale: float) -> Figure:
    rows = [results.rows[index] for index in results.front]
    return {
        "type": "scatter", "mode": "lines", "name": "Pareto front", **_places(rows, scale),
        "line": {"color": MUTED, "width": 1.5, "shape": "hv"}, "hoverinfo": "skip",
    }  # fmt: skip


def _ring(results: Results, scale: float) -> list[Figure]:
    if results.best is None:
        return []
    place = _places([results.rows[results.best]], scale)
    ring = {"symbol": "circle-open", "size": 18, "color": INK, "line": {"width": 2}}
    return [
        {"type": "scatter", "mode": "markers", "name": "best", **place, "marker": ring,
         "hoverinfo": "skip"}
    ]  # fmt: skip


def _places(rows: list[Row], scale: float) -> Figure:
    figures = [row.objectives for row in rows if row.objectives]
    return {
        "x": [energy / scale for _, energy in figures],
        "y": [100 * accuracy for accuracy, _ in figures],
    }


def _hover(row: Row) -> str:
    name = f"<b>{plain(settings(row))}</b>"
    if row.measured is None:
        return name
    found, tested = row.measured.validation, row.measured.test
    return (
        f"{name}<br>validation {percent(found.accuracy, 2)}, test {percent(tested.accuracy, 2)}"
        f"<br>{si(found.energy_j or 0.0, 'J')}, {si(row.measured.weight_memory_bits, 'bit')} of "
        "weights"
    )


def _header(results: Results) -> str:
    return (
        '<header><p class="kicker">spikeport sweep</p>'
        f"<h1>{safe(results.title)} on {safe(results.chip_title)}</h1>"
        f'<p class="lead">{count(len(results.rows))} ways to convert one trained network. '
        f"{safe(' '.join(remarks(results)))}</p></header>"
    )


def _rows(results: Results) -> str:
    shown = shown_columns(results)
    kinds = ["" if column < AXES else "number" for column in shown]
    heads = [COLUMNS[column].capitalize() for column in shown]
    columns = [Column(head, kind) for head, kind in zip(heads, kinds, strict=True)]
    rows = [
        [*(cells(row)[column] for column in shown), mark(results, index)]
        for index, row in enumerate(results.rows)
    ]
    return (
        '<section aria-labelledby="points-title"><h2 id="points-title">Points</h2>'
        "<p>Accuracy and energy on the validation split, which chooses, and on the test split, "
        "which is only reported; latency and spikes are of the test split, per inference.</p>"
        f"{table('Points', [*columns, Column('Front', '')], rows)}</section>"
    )
