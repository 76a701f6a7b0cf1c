"""Horizontal bars under a heading each: long names keep their words, also on a phone."""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

from hwsim.report.charts.chart import MUTED, Figure, axis, axis_title, plain

LINE_PX = 17
BAR_PX = 15
GAP_PX = 15
LINE_CHARACTERS = 46
"""What a phone's width holds at the size of the text."""


@dataclass(frozen=True)
class HeadedRows:
    """Where the bars lie, in pixels from the top of the plot.

    Args:
        centres: of the bars.
        headings: annotations above them.
        height: of all rows.
    """

    centres: list[float]
    headings: list[Figure]
    height: int

    def axis(self, title: str) -> Figure:
        """The y axis, in pixels and without ticks."""
        return axis(
            title=axis_title(title), range=[self.height, 0], showgrid=False, showticklabels=False
        )


def headed_rows(heads: Sequence[tuple[str, str]]) -> HeadedRows:
    """Rows from (name, note) pairs; each takes as many lines as its words need."""
    centres, headings, top = [], [], 0
    for name, note in heads:
        names, notes = _lines(name), _lines(note)
        lines = [f"<b>{line}</b>" for line in names]
        lines += [f'<span style="color: {MUTED}">{line}</span>' for line in notes]
        text_px = LINE_PX * len(lines)
        headings.append(
            {
                "x": 0, "xref": "paper", "xanchor": "left", "y": top, "yref": "y",
                "yanchor": "top", "text": "<br>".join(lines), "showarrow": False, "align": "left",
                "font": {"size": 12}, "borderpad": 0, "height": text_px, "valign": "top",
            }
        )  # fmt: skip
        centres.append(top + text_px + 3 + BAR_PX / 2)
        top += text_px + 3 + BAR_PX + GAP_PX
    return HeadedRows(centres, headings, top)


def _lines(text: str) -> list[str]:
    return [plain(line) for line in wrap(text, LINE_CHARACTERS)]
