"""The table in a terminal."""

from rich.console import Console

from hwsim.sweep.row import Row, refused
from hwsim.sweep.space import Point
from hwsim.sweep.table import in_words, summary
from tests.sweep_rows import made_up, results, row, space


def printed(rows: list[Row], width: int = 80) -> str:
    """What a terminal of so many characters shows."""
    console = Console(width=width, force_terminal=False)
    with console.capture() as capture:
        console.print(summary(results(rows)))
    return capture.get()


def test_front_and_choice_are_marked() -> None:
    """Each row has its figures; the choice is explained below."""
    text = printed([made_up(point) for point in space(2, 4, 8).points()])
    lines = [line.split() for line in text.splitlines()]
    assert ["front", "2", "75.00", "%", "50.00", "%", "2.00", "µJ", "100", "µs"] in lines
    assert ["best", "8", "99.61", "%", "50.00", "%", "8.00", "µJ", "100", "µs"] in lines
    assert "Least energy within 0.50 % of the highest validation accuracy: 8 bits" in text


def test_nothing_is_cut_in_a_narrow_terminal() -> None:
    """With all axes shown, names are folded; in a wide one they stand in one line."""
    rows = [
        row(Point(4, "calibrated", "spike-disagreement", True), 0.5, 1e-6),
        row(Point(8, "schedule", "max-abs", False), 0.5, None),
    ]
    assert "…" not in printed(rows)
    assert all(len(line) <= 80 for line in printed(rows).splitlines())
    wide = printed(rows, 120)
    assert "calibrated  spike-disagreement  yes" in wide
    assert "no chip equivalent" in wide


def test_a_refusal_is_shown_as_it_is() -> None:
    """Brackets in a line aren't markup."""
    rows = [refused(Point(8, "mean", "max-abs", False), "layer [bold]: no.")]
    text = printed(rows)
    assert "8 bits, mean, max-abs: refused: layer [bold]: no." in text
    assert "No row has both accuracy and energy, so none is chosen." in text
    assert in_words(rows[0]) == "8 bits, mean, max-abs: refused: layer [bold]: no."
