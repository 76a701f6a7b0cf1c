"""The core map: every core in its tile, loads against the busiest one."""

import pytest

from hwsim.report.charts.core_map import MOST_CORES, core_map_chart
from hwsim.report.units import si
from tests.report_example import HOSTILE, example_report


def drawn(cells: list[list[float | None]]) -> int:
    """How many cells are filled."""
    return sum(cell is not None for row in cells for cell in row)


def test_five_cores_lie_on_two_tiles() -> None:
    """Four in the first tile's square, the fifth in the next tile beyond the gap."""
    report = example_report()
    unused, used = core_map_chart(report).data
    busiest = max(core.busy_s for core in report.cores)
    loads = [100 * core.busy_s / busiest for core in report.cores]
    z = used["z"]
    assert [z[0][0], z[0][1], z[1][0], z[1][1], z[0][3]] == pytest.approx(loads)
    assert drawn(z) == 5
    assert drawn(unused["z"]) == 128 - 5
    assert unused["z"][0][0] is None
    # 8 tiles of 2 cores with a gap behind each.
    assert (len(z), len(z[0])) == (12, 24)
    assert (len(used["y"]), len(used["x"])) == (13, 25)
    assert max(loads) == 100


def test_hover_says_what_the_core_does() -> None:
    """Core, layer, chip, tile, uses, work and energy, escaped."""
    report = example_report(names=HOSTILE)
    used = core_map_chart(report).data[1]
    core = report.cores[0]
    words = used["customdata"][0][0]
    assert words[:4] == ["0", "&lt;script&gt;alert(1)&lt;/script&gt;", "0", "0"]
    assert words[5:8] == [f"{n:,}" for n in (core.neurons, core.input_axons, core.output_axons)]
    assert words[13] == si(core.energy_j.total, "J")
    assert all(f"%{{customdata[{i}]}}" in used["hovertemplate"] for i in range(len(words)))


def test_chips_lie_side_by_side_under_their_names() -> None:
    """200 cores on two chips: each has its 100, the second beyond the first's eight tiles."""
    chart = core_map_chart(example_report(layers=20, cores=200, chips=2))
    unused, used = chart.data
    halves = [[row[:24] for row in used["z"]], [row[24:] for row in used["z"]]]
    assert [drawn(half) for half in halves] == [100, 100]
    assert drawn(unused["z"]) == 56
    assert [note["text"] for note in chart.layout["annotations"]] == ["chip 0", "chip 1"]
    assert chart.layout["xaxis"]["ticktext"] == [str(i) for i in range(8)] * 2
    assert chart.wide


def test_a_full_chip_has_no_unused_core() -> None:
    """And so no grey and no word of it."""
    chart = core_map_chart(example_report(cores=128))
    assert [label for label, _ in chart.legend] == ["In use"]
    assert len(chart.data) == 1
    assert drawn(chart.data[0]["z"]) == 128


def test_more_chips_than_can_be_drawn_are_named() -> None:
    """The page stays small: the first chips are drawn, the others counted."""
    chart = core_map_chart(example_report(cores=120 * 40, chips=40))
    used = chart.data[-1]
    assert drawn(used["z"]) == 120 * (MOST_CORES // 128)
    assert "The first 16 chips are drawn; 24 more" in chart.caption


def test_an_idle_network_has_no_load() -> None:
    """No division by the time of a busiest core that does nothing."""
    report = example_report()
    idle = tuple(core.model_copy(update={"busy_s": 0.0}) for core in report.cores)
    used = core_map_chart(report.model_copy(update={"cores": idle})).data[1]
    assert used["z"][0][0] == 0
