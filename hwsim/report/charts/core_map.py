"""The mesh of every chip in use, each core coloured by its load."""

import math
from collections import Counter
from dataclasses import dataclass

from hwsim.report.charts.chart import (
    Chart,
    Figure,
    axis,
    axis_title,
    colour_bar,
    layout,
    plain,
)
from hwsim.report.model import Report
from hwsim.report.placed import CoreRow
from hwsim.report.units import count, percent, si

LOADS = [[0.0, "#d3e2f0"], [0.5, "#5f90bf"], [1.0, "#1f4a78"]]
UNUSED = "#e9ecef"
TILE_GAP = 0.3
CHIP_GAP = 1.4
CHIPS_IN_A_ROW = 4
MOST_CORES = 2048
MOST_TICKS = 16
CORE_PX = 24
HEIGHTS = (170, 620)

HOVER = (
    "<b>core %{customdata[0]}, %{customdata[1]}</b><br>"
    "chip %{customdata[2]}, tile %{customdata[3]}; load %{customdata[4]}<br>"
    "neurons %{customdata[5]}; axons in %{customdata[6]}, out %{customdata[7]}<br>"
    "synaptic memory %{customdata[8]}<br>"
    "SynOps %{customdata[9]}; spikes %{customdata[10]}<br>"
    "messages in %{customdata[11]}, out %{customdata[12]}<br>"
    "energy %{customdata[13]}<extra></extra>"
)
"""Once for all cores: the page stays small."""

Cells = list[list[float | None]]


@dataclass(frozen=True)
class Mesh:
    """Where the cores of the drawn chips lie, in rows and columns of cells with gaps between.

    Args:
        chips: drawn, side by side.
        columns: tiles in a row of a chip.
        rows: rows of tiles.
        across: cores side by side in a tile.
        down: cores one under another in a tile.
    """

    chips: int
    columns: int
    rows: int
    across: int
    down: int

    @property
    def in_a_row(self) -> int:
        """Chips side by side."""
        return min(self.chips, CHIPS_IN_A_ROW)

    @property
    def edges(self) -> tuple[list[float], list[float]]:
        """Borders of the cells along x and along y; every group of cells ends with a gap."""
        bands = -(-self.chips // self.in_a_row)
        return (
            _edges(self.in_a_row, self.columns, self.across),
            _edges(bands, self.rows, self.down),
        )

    def cell(self, chip: int, column: int, row: int, slot: int) -> tuple[int, int]:
        """Row and column of a core's cell."""
        band, place = divmod(chip, self.in_a_row)
        below, beside = divmod(slot, self.across)
        return (
            (band * self.rows + row) * (self.down + 1) + below,
            (place * self.columns + column) * (self.across + 1) + beside,
        )


def core_map_chart(report: Report) -> Chart:
    """Tiles as groups of cells, chips side by side, unused cores grey."""
    mesh = _mesh(report)
    cores = [core for core in report.cores if core.chip < mesh.chips]
    x, y = mesh.edges
    unused = _unused(report, mesh, cores)
    height = round(min(max(CORE_PX * (y[-1] + 2), HEIGHTS[0]), HEIGHTS[1])) + 60
    left_out = report.chip.chips_used - mesh.chips
    spare = any(cell is not None for row in unused for cell in row)
    return Chart(
        key="core-map",
        title="Core map (estimate)",
        caption=(
            "Load: time at work in one inference against the busiest core's. Groups are tiles of "
            f"{count(report.chip.cores_per_tile)} cores; placed for "
            f"{report.chip.objective.replace('-', ' ')}."
            + (f" The first {mesh.chips} chips are drawn; {left_out} more lie beside." if left_out
               else "")
        ),
        height=height,
        data=[
            *([_grey(unused, x, y)] if spare else []),
            _loads(mesh, cores, max(core.busy_s for core in report.cores), x, y),
        ],
        layout=layout(
            height,
            xaxis=axis(title=axis_title("tile column"), showgrid=False,
                       **_ticks(x, mesh.in_a_row, mesh.columns, mesh.across)),
            yaxis=axis(title=axis_title("tile row"), showgrid=False, range=[y[-1], -0.3],
                       **_ticks(y, -(-mesh.chips // mesh.in_a_row), mesh.rows, mesh.down)),
            annotations=_chip_names(mesh, x, y) if mesh.chips > 1 else [],
            margin={"l": 8, "r": 8, "t": 26 if mesh.chips > 1 else 8, "b": 8},
        ),
        legend=(("In use", "#5f90bf"), *((("Unused", UNUSED),) if spare else ())),
        wide=mesh.chips > 1 or mesh.columns > MOST_TICKS,
    )  # fmt: skip


def _mesh(report: Report) -> Mesh:
    chip = report.chip
    held = Counter((core.chip, core.tile) for core in report.cores)
    per_tile = max(chip.cores_per_tile, *held.values(), 1)
    columns = max(chip.mesh_columns, 1 + max(core.column for core in report.cores))
    rows = max(chip.mesh_rows, 1 + max(core.row for core in report.cores))
    across = math.ceil(math.sqrt(per_tile))
    drawable = max(1, MOST_CORES // (columns * rows * per_tile))
    return Mesh(
        chips=min(max(chip.chips_used, 1), drawable),
        columns=columns, rows=rows, across=across, down=-(-per_tile // across),
    )  # fmt: skip


def _unused(report: Report, mesh: Mesh, cores: list[CoreRow]) -> Cells:
    """0 where a chip has a core that holds no neuron, None elsewhere."""
    chip = report.chip
    cells = _nothing(mesh)
    used = set(_slots(cores))
    for number in range(mesh.chips):
        for place in range(min(chip.cores, mesh.columns * mesh.rows * chip.cores_per_tile)):
            tile, slot = divmod(place, chip.cores_per_tile)
            row, column = divmod(tile, mesh.columns)
            if (number, column, row, slot) not in used:
                down, across = mesh.cell(number, column, row, slot)
                cells[down][across] = 0.0
    return cells


def _slots(cores: list[CoreRow]) -> list[tuple[int, int, int, int]]:
    """Chip, column, row and place within its tile of every core, in the cores' order."""
    held: Counter[tuple[int, int]] = Counter()
    places = []
    for core in cores:
        tile = (core.chip, core.tile)
        places.append((core.chip, core.column, core.row, held[tile]))
        held[tile] += 1
    return places


def _loads(
    mesh: Mesh, cores: list[CoreRow], busiest_s: float, x: list[float], y: list[float]
) -> Figure:
    loads = _nothing(mesh)
    words: list[list[list[str] | None]] = [[None] * len(row) for row in loads]
    for core, place in zip(cores, _slots(cores), strict=True):
        load = core.busy_s / busiest_s if busiest_s else 0.0
        down, across = mesh.cell(*place)
        loads[down][across] = 100 * load
        words[down][across] = _words(core, load)
    return {
        "type": "heatmap", "name": "In use", "x": x, "y": y, "z": loads, "customdata": words,
        "colorscale": LOADS, "zmin": 0, "zmax": 100, "hoverongaps": False, "xgap": 1, "ygap": 1,
        "colorbar": colour_bar("load (%)"), "hovertemplate": HOVER,
    }  # fmt: skip


def _grey(unused: Cells, x: list[float], y: list[float]) -> Figure:
    return {
        "type": "heatmap", "name": "Unused", "x": x, "y": y, "z": unused,
        "colorscale": [[0, UNUSED], [1, UNUSED]], "showscale": False, "hoverinfo": "skip",
        "xgap": 1, "ygap": 1,
    }  # fmt: skip


def _words(core: CoreRow, load: float) -> list[str]:
    """What fills the gaps of `HOVER`."""
    return [
        count(core.core),
        plain(core.layer),
        count(core.chip),
        count(core.tile),
        f"{percent(load)} ({si(core.busy_s, 's')})",
        count(core.neurons),
        count(core.input_axons),
        count(core.output_axons),
        si(core.synaptic_memory_bits, "bit"),
        count(core.synops),
        count(core.spikes),
        count(core.messages_in),
        count(core.messages_out),
        si(core.energy_j.total, "J"),
    ]


def _nothing(mesh: Mesh) -> Cells:
    x, y = mesh.edges
    return [[None] * (len(x) - 1) for _ in range(len(y) - 1)]


def _edges(chips: int, tiles: int, cores: int) -> list[float]:
    edges = [0.0]
    for _ in range(chips):
        for tile in range(tiles):
            edges += [edges[-1] + step for step in range(1, cores + 1)]
            edges.append(edges[-1] + (CHIP_GAP if tile == tiles - 1 else TILE_GAP))
    # The last gap would only push the picture aside.
    edges[-1] = edges[-2] + 1e-3
    return edges


def _ticks(edges: list[float], chips: int, tiles: int, cores: int) -> Figure:
    """Each tile's number below its middle, on every chip."""
    middles = [
        (edges[i] + edges[i + cores]) / 2 for i in range(0, chips * tiles * (cores + 1), cores + 1)
    ]
    every = math.ceil(tiles / 8) if chips * tiles > MOST_TICKS else 1
    return {
        "tickvals": [m for i, m in enumerate(middles) if i % tiles % every == 0],
        "ticktext": [str(i % tiles) for i in range(len(middles)) if i % tiles % every == 0],
        "tickangle": 0,
    }


def _chip_names(mesh: Mesh, x: list[float], y: list[float]) -> list[Figure]:
    wide, high = mesh.columns * (mesh.across + 1), mesh.rows * (mesh.down + 1)
    return [
        {
            "x": (x[place * wide] + x[(place + 1) * wide - 1]) / 2, "y": y[band * high],
            "yanchor": "bottom", "text": f"chip {chip}", "showarrow": False, "font": {"size": 12},
        }
        for chip in range(mesh.chips)
        for band, place in [divmod(chip, mesh.in_a_row)]
    ]  # fmt: skip
